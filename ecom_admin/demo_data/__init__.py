"""The company of the demo: home goods, sold in China and abroad, beside a British gift wholesaler's history."""

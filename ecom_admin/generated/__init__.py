"""A made-up past in bulk: orders in every state with everything that hangs on them, by set-based SQL.

For looking at the console and measuring it with many orders. Real orders come through orders.services.
"""

from ecom_admin.generated.service import generate_orders

__all__ = ["generate_orders"]

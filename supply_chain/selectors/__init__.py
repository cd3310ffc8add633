"""Reads of purchasing."""

from supply_chain.selectors.orders import EXPECTED_VALUES, orders_for, receipts_for, receivable_orders
from supply_chain.selectors.shortages import Shortage, preferred_offers, short_skus, shortages_of

__all__ = [
    "EXPECTED_VALUES",
    "Shortage",
    "orders_for",
    "preferred_offers",
    "receipts_for",
    "receivable_orders",
    "short_skus",
    "shortages_of",
]

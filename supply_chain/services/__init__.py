"""Writes of purchasing."""

from supply_chain.services.orders import (
    LineDraft,
    change_status,
    create_purchase_order,
    order_shortages,
    remove_line,
    save_line,
)
from supply_chain.services.receiving import ReceivedLine, book_counts, count_units, receive_goods, set_counts
from supply_chain.services.suppliers import remove_offer, save_offer, save_supplier

__all__ = [
    "LineDraft",
    "ReceivedLine",
    "book_counts",
    "change_status",
    "count_units",
    "create_purchase_order",
    "order_shortages",
    "receive_goods",
    "remove_line",
    "remove_offer",
    "save_line",
    "save_offer",
    "save_supplier",
    "set_counts",
]

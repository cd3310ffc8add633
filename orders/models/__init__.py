from orders.models.channels import Channel, ImportMapping
from orders.models.fulfilment import FulfilmentLine, FulfilmentOrder, OrderHistory
from orders.models.intake import IntakeMessage
from orders.models.orders import Order, OrderLine
from orders.models.review import DataError, Finding, Hold

__all__ = [
    "Channel",
    "DataError",
    "Finding",
    "FulfilmentLine",
    "FulfilmentOrder",
    "Hold",
    "ImportMapping",
    "IntakeMessage",
    "Order",
    "OrderHistory",
    "OrderLine",
]

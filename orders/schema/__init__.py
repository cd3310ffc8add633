"""The canonical order: its fields, its parser and its published description. Pure: no database, no clock."""

from orders.schema.errors import FieldError, Refused
from orders.schema.fields import MAX_LINES
from orders.schema.model import (
    CanonicalCustomer,
    CanonicalLine,
    CanonicalOrder,
    CanonicalPayment,
    Defaults,
)
from orders.schema.parse import parse_order
from orders.schema.shared import SharedLine, as_message, as_table, from_table

__all__ = [
    "MAX_LINES",
    "CanonicalCustomer",
    "CanonicalLine",
    "CanonicalOrder",
    "CanonicalPayment",
    "Defaults",
    "FieldError",
    "Refused",
    "SharedLine",
    "as_message",
    "as_table",
    "from_table",
    "parse_order",
]

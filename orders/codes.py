"""Names that orders shares with its database rows: stages, case types, documents of the stock ledger."""

from django.utils.translation import gettext_noop

from core.actor import own_reason

VALIDATE = "orders.validate"
ALLOCATE = "orders.allocate"
RELEASE = "orders.release"
BACKORDER_WATCH = "orders.backorder_watch"
HOLDS_DUE = "orders.holds_due"
COMPLETE = "orders.complete"

VALIDATION_FAILED = "orders.validation_failed"
OUT_OF_STOCK = "orders.out_of_stock"
CUSTOMER_CANCELLATION = "orders.customer_cancellation"
CHANNEL_CHANGE = "orders.channel_change_after_release"

ORDER_SUBJECT = "orders.order"
RESERVATION_DOCUMENT = "orders.fulfilment_line"
DEMAND_DOCUMENT = "orders.order_line"


def order_number(order_id: int) -> str:
    """The number of an order: "SO" and its id, filled up with zeros to eight digits."""
    return f"SO{order_id:08d}"


# Reasons that the program itself gives, kept in English and shown in the reader's language.
VALIDATED_AGAIN = own_reason(gettext_noop("validated again"))
CANCELLED_BY_CHANNEL = own_reason(gettext_noop("cancelled by the channel"))
CHANGED_BY_CHANNEL = own_reason(gettext_noop("changed by the channel"))
ADDRESS_CHANGED = own_reason(gettext_noop("address changed"))
DATE_HAS_COME = own_reason(gettext_noop("the date has come"))
NOTHING_TO_SHIP = own_reason(gettext_noop("nothing to ship"))

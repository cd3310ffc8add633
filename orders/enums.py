from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import StatusEnum, Transitions


class ChannelKind(models.TextChoices):
    API = "api", _("JSON API")
    FILE = "file", _("File import")
    SHOPIFY = "shopify", _("Shopify")
    MANUAL = "manual", _("Entered by hand")


class IntakeSource(models.TextChoices):
    API = "api", _("API")
    FILE = "file", _("File")
    WEBHOOK = "webhook", _("Webhook")
    MANUAL = "manual", _("By hand")


class IntakeOutcome(StatusEnum):
    ACCEPTED = "accepted", _("Accepted"), "success", "check"
    DUPLICATE = "duplicate", _("Duplicate"), "neutral", "copy"
    UPDATED = "updated", _("Updated"), "info", "refresh"
    REJECTED = "rejected", _("Rejected"), "danger", "x"


class OrderStatus(StatusEnum):
    DRAFT = "draft", _("Draft"), "neutral", "pencil"
    PENDING_PAYMENT = "pending_payment", _("Awaiting payment"), "warning", "credit-card"
    PENDING_REVIEW = "pending_review", _("In review"), "info", "eye-check"
    APPROVED = "approved", _("Approved"), "progress", "circle-check"
    PARTIALLY_SHIPPED = "partially_shipped", _("Partly shipped"), "progress", "truck-loading"
    SHIPPED = "shipped", _("Shipped"), "progress", "truck-delivery"
    DELIVERED = "delivered", _("Delivered"), "success", "home-check"
    COMPLETED = "completed", _("Completed"), "success", "checks"
    CANCELLED = "cancelled", _("Cancelled"), "neutral", "ban"


OrderStatus.OPEN = frozenset(
    {
        OrderStatus.DRAFT,
        OrderStatus.PENDING_PAYMENT,
        OrderStatus.PENDING_REVIEW,
        OrderStatus.APPROVED,
        OrderStatus.PARTIALLY_SHIPPED,
        OrderStatus.SHIPPED,
    }
)
OrderStatus.TERMINAL = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED})
# Statuses in which something may still be waiting for stock.
ALLOCATABLE = (OrderStatus.APPROVED, OrderStatus.PARTIALLY_SHIPPED)
# Statuses in which an order's data can be corrected, and those in which recipient and buyer still can.
CORRECTABLE = frozenset(
    {OrderStatus.DRAFT, OrderStatus.PENDING_PAYMENT, OrderStatus.PENDING_REVIEW, OrderStatus.APPROVED}
)
ON_THE_WAY = frozenset({OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED})

ORDER_TRANSITIONS: Transitions[OrderStatus] = Transitions(
    {
        OrderStatus.DRAFT: {
            OrderStatus.PENDING_PAYMENT: None,
            OrderStatus.PENDING_REVIEW: None,
            OrderStatus.CANCELLED: "orders.cancel_order",
        },
        OrderStatus.PENDING_PAYMENT: {
            OrderStatus.PENDING_REVIEW: "orders.record_payment",
            OrderStatus.CANCELLED: "orders.cancel_order",
        },
        OrderStatus.PENDING_REVIEW: {
            OrderStatus.PENDING_PAYMENT: None,
            OrderStatus.APPROVED: "orders.approve_order",
            OrderStatus.CANCELLED: "orders.cancel_order",
        },
        OrderStatus.APPROVED: {
            OrderStatus.PENDING_REVIEW: "orders.approve_order",
            OrderStatus.PARTIALLY_SHIPPED: None,
            OrderStatus.SHIPPED: None,
            OrderStatus.COMPLETED: None,  # nothing to ship
            OrderStatus.CANCELLED: "orders.cancel_order",
        },
        # Back: a parcel won't arrive, and its goods are to be sent once more.
        OrderStatus.PARTIALLY_SHIPPED: {OrderStatus.SHIPPED: None, OrderStatus.APPROVED: None},
        OrderStatus.SHIPPED: {
            OrderStatus.DELIVERED: None,
            OrderStatus.PARTIALLY_SHIPPED: None,
            OrderStatus.APPROVED: None,
        },
        OrderStatus.DELIVERED: {OrderStatus.COMPLETED: None},
    }
)


class PaymentStatus(StatusEnum):
    UNPAID = "unpaid", _("Unpaid"), "warning", "credit-card-off"
    AUTHORIZED = "authorized", _("Authorised"), "info", "credit-card"
    PARTIALLY_PAID = "partially_paid", _("Partly paid"), "warning", "credit-card"
    PAID = "paid", _("Paid"), "success", "credit-card"
    COD = "cod", _("Cash on delivery"), "info", "cash"
    INVOICED = "invoiced", _("On invoice"), "info", "file-invoice"
    PARTIALLY_REFUNDED = "partially_refunded", _("Partly refunded"), "neutral", "receipt-refund"
    REFUNDED = "refunded", _("Refunded"), "neutral", "receipt-refund"
    VOIDED = "voided", _("Voided"), "danger", "credit-card-off"


# Payment states in which goods may leave.
PaymentStatus.SETTLED = frozenset(  # type: ignore[attr-defined]
    {
        PaymentStatus.PAID,
        PaymentStatus.COD,
        PaymentStatus.INVOICED,
        PaymentStatus.PARTIALLY_REFUNDED,
    }
)


class HoldReason(StatusEnum):
    ADDRESS = "address", _("Address"), "warning", "map-pin-exclamation"
    PAYMENT = "payment", _("Payment"), "warning", "credit-card"
    FRAUD_RISK = "fraud_risk", _("Fraud risk"), "danger", "shield-exclamation"
    DUPLICATE = "duplicate", _("Possible duplicate"), "warning", "copy"
    PRICE = "price", _("Price or totals"), "warning", "currency-dollar"
    STOCK = "stock", _("SKU or stock"), "warning", "box"
    BUYER_MESSAGE = "buyer_message", _("Buyer's message"), "info", "message"
    CHANNEL_CHANGE = "channel_change", _("Changed by the channel"), "warning", "refresh-alert"
    MERGE_CANDIDATE = "merge_candidate", _("Could be merged"), "info", "git-merge"
    PREORDER = "preorder", _("Preorder"), "info", "calendar-time"
    MANUAL = "manual", _("Held by hand"), "warning", "hand-stop"
    UNTIL_DATE = "until_date", _("Until a date"), "info", "calendar"


# Holds that validation places and takes away again by itself.
HoldReason.AUTOMATIC = frozenset(  # type: ignore[attr-defined]
    {HoldReason.ADDRESS, HoldReason.PAYMENT, HoldReason.DUPLICATE, HoldReason.PRICE, HoldReason.STOCK}
)


class FindingSeverity(StatusEnum):
    ERROR = "error", _("Error"), "danger", "alert-octagon"
    WARNING = "warning", _("Warning"), "warning", "alert-triangle"
    INFO = "info", pgettext_lazy("severity", "Note"), "info", "info-circle"


class FulfilmentStatus(StatusEnum):
    PLANNED = "planned", _("Planned"), "neutral", "clock"
    ALLOCATED = "allocated", _("Allocated"), "info", "packages"
    RELEASED = "released", _("Released"), "info", "player-play"
    PICKING = "picking", _("Picking"), "progress", "shopping-cart"
    PACKED = "packed", _("Packed"), "progress", "package"
    SHIPPED = "shipped", _("Shipped"), "progress", "truck-delivery"
    DELIVERED = "delivered", _("Delivered"), "success", "home-check"
    BACKORDERED = "backordered", _("Backordered"), "warning", "hourglass"
    SHORT = "short", _("Short"), "danger", "alert-triangle"
    CANCELLED = "cancelled", _("Cancelled"), "neutral", "ban"


FulfilmentStatus.OPEN = frozenset(
    {
        FulfilmentStatus.PLANNED,
        FulfilmentStatus.ALLOCATED,
        FulfilmentStatus.RELEASED,
        FulfilmentStatus.PICKING,
        FulfilmentStatus.PACKED,
        FulfilmentStatus.BACKORDERED,
        FulfilmentStatus.SHORT,
    }
)
FulfilmentStatus.TERMINAL = frozenset({FulfilmentStatus.DELIVERED, FulfilmentStatus.CANCELLED})

FULFILMENT_TRANSITIONS: Transitions[FulfilmentStatus] = Transitions(
    {
        FulfilmentStatus.PLANNED: {
            FulfilmentStatus.ALLOCATED: None,
            FulfilmentStatus.BACKORDERED: None,
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.BACKORDERED: {
            FulfilmentStatus.ALLOCATED: None,
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.ALLOCATED: {
            FulfilmentStatus.RELEASED: "orders.release_fulfilment",
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.RELEASED: {
            FulfilmentStatus.PICKING: "orders.pick_fulfilment",
            FulfilmentStatus.PACKED: "orders.pick_fulfilment",
            FulfilmentStatus.ALLOCATED: "orders.release_fulfilment",
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.PICKING: {
            FulfilmentStatus.RELEASED: "orders.pick_fulfilment",
            FulfilmentStatus.PACKED: "orders.pick_fulfilment",
            FulfilmentStatus.SHORT: "orders.pick_fulfilment",
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.SHORT: {
            FulfilmentStatus.PICKING: "orders.pick_fulfilment",
            FulfilmentStatus.BACKORDERED: None,
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.PACKED: {
            FulfilmentStatus.SHIPPED: None,
            FulfilmentStatus.PICKING: "orders.pick_fulfilment",
            FulfilmentStatus.CANCELLED: None,
        },
        FulfilmentStatus.SHIPPED: {
            FulfilmentStatus.DELIVERED: None,
            FulfilmentStatus.CANCELLED: None,  # it won't arrive
        },
    }
)


class DataErrorSource(models.TextChoices):
    UNDELIVERABLE = "undeliverable", _("Returned as undeliverable")
    CORRECTED = "corrected", _("Corrected by a person after release")
    COMPLAINT = "complaint", _("Complaint caused by data")

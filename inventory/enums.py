from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import StatusEnum


class SkuStatus(StatusEnum):
    ACTIVE = "active", _("Active"), "success", "circle-check"
    INACTIVE = "inactive", _("Inactive"), "neutral", "circle-off"
    DISCONTINUED = "discontinued", _("Discontinued"), "warning", "archive"


class StockBucket(models.TextChoices):
    """The quantity columns of a stock level; every ledger row changes exactly one of them."""

    ON_HAND = "on_hand", _("On hand")
    RESERVED = "reserved", _("Reserved")
    INCOMING = "incoming", _("Incoming")
    IN_TRANSIT = "in_transit", pgettext_lazy("stock", "In transit")
    QUARANTINED = "quarantined", _("Quarantined")
    DAMAGED = "damaged", _("Damaged")


class MovementKind(models.TextChoices):
    OPENING = "opening", _("Opening stock")
    RECEIPT = "receipt", _("Receipt")
    ADJUSTMENT = "adjustment", _("Adjustment")
    COUNT = "count", _("Stock count")
    RESERVE = "reserve", _("Reserve")
    UNRESERVE = "unreserve", _("Release reservation")
    SHIP = "ship", _("Ship")
    RETURN = "return", _("Return")
    TRANSFER_OUT = "transfer_out", _("Transfer out")
    TRANSFER_IN = "transfer_in", _("Transfer in")
    INCOMING = "incoming", _("Incoming")


RARE_MOVEMENT_KINDS = (
    MovementKind.OPENING,
    MovementKind.RECEIPT,
    MovementKind.ADJUSTMENT,
    MovementKind.COUNT,
    MovementKind.RETURN,
    MovementKind.TRANSFER_OUT,
    MovementKind.TRANSFER_IN,
    MovementKind.INCOMING,
)


class ReservationState(StatusEnum):
    ACTIVE = "active", _("Active"), "progress", "lock"
    CONSUMED = "consumed", _("Shipped"), "success", "truck"
    RELEASED = "released", pgettext_lazy("reservation", "Released"), "neutral", "lock-open"

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import StatusEnum


class ShipmentStatus(StatusEnum):
    if TYPE_CHECKING:
        MOVING: ClassVar[frozenset["ShipmentStatus"]]

    PENDING = "pending", _("Waiting for a label"), "neutral", "clock"
    LABEL_CREATED = "label_created", _("Label created"), "info", "tag"
    PICKED_UP = "picked_up", _("Picked up"), "progress", "package"
    IN_TRANSIT = "in_transit", _("In transit"), "progress", "truck"
    OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery"), "progress", "truck-delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup", _("Ready for collection"), "info", "building-store"
    DELIVERED = "delivered", _("Delivered"), "success", "home-check"
    ATTEMPT_FAILED = "attempt_failed", _("Delivery attempt failed"), "warning", "home-x"
    DELAYED = "delayed", _("Delayed"), "warning", "clock-exclamation"
    EXCEPTION = "exception", _("Problem with the parcel"), "danger", "alert-triangle"
    RETURNING = "returning", _("Returning"), "warning", "truck-return"
    RETURNED = "returned", _("Returned"), "neutral", "arrow-back-up"
    LOST = "lost", _("Lost"), "danger", "map-question"
    EXPIRED = "expired", _("Expired"), "neutral", "clock-off"
    CANCELLED = "cancelled", _("Cancelled"), "neutral", "ban"


_S = ShipmentStatus
ShipmentStatus.TERMINAL = frozenset({_S.DELIVERED, _S.RETURNED, _S.LOST, _S.EXPIRED, _S.CANCELLED})
ShipmentStatus.OPEN = frozenset(set(ShipmentStatus) - ShipmentStatus.TERMINAL)
# With the carrier: handed over and not finished.
ShipmentStatus.MOVING = ShipmentStatus.OPEN - {_S.PENDING, _S.LABEL_CREATED}


class EventSource(models.TextChoices):
    POLL = "poll", _("Query")
    PUSH = "push", _("Push")
    MANUAL = "manual", _("By hand")


class PushState(StatusEnum):
    RECEIVED = "received", _("Received"), "info", "inbox"
    INGESTED = "ingested", _("Ingested"), "success", "check"
    FAILED = "failed", _("Failed"), "danger", "x"

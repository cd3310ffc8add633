"""What orders tells the rest of the house; batches of ids, in the order of the work."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.outbox.events import Event


@dataclass(frozen=True, kw_only=True)
class OrdersReceived(Event):
    name: ClassVar[str] = "orders.received"
    label: ClassVar[str | Promise] = _("Orders received")
    order_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersApproved(Event):
    name: ClassVar[str] = "orders.approved"
    label: ClassVar[str | Promise] = _("Orders approved")
    order_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersHeld(Event):
    name: ClassVar[str] = "orders.held"
    label: ClassVar[str | Promise] = _("Orders held")
    order_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersBackordered(Event):
    name: ClassVar[str] = "orders.backordered"
    label: ClassVar[str | Promise] = _("Orders wait for stock")
    order_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersReleased(Event):
    name: ClassVar[str] = "orders.released"
    label: ClassVar[str | Promise] = _("Orders released")
    fulfilment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersPacked(Event):
    name: ClassVar[str] = "orders.packed"
    label: ClassVar[str | Promise] = _("Orders packed")
    fulfilment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersShipped(Event):
    name: ClassVar[str] = "orders.shipped"
    label: ClassVar[str | Promise] = _("Orders shipped")
    fulfilment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersDelivered(Event):
    name: ClassVar[str] = "orders.delivered"
    label: ClassVar[str | Promise] = _("Orders delivered")
    fulfilment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersCancelled(Event):
    """Orders that are cancelled, and fulfilment orders that a warehouse stops, which need not be theirs:
    after a short pick or a change by the channel the order itself goes on."""

    name: ClassVar[str] = "orders.cancelled"
    label: ClassVar[str | Promise] = _("Orders cancelled")
    order_ids: list[int]
    fulfilment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrdersReaddressed(Event):
    """The recipient of fulfilment orders was corrected that a warehouse has and keeps.

    `has_moved`: country, province or city is another one.
    """

    name: ClassVar[str] = "orders.readdressed"
    label: ClassVar[str | Promise] = _("Recipient corrected in the warehouse")
    fulfilment_ids: list[int]
    has_moved: bool

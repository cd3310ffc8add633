"""The public view of an order: finding it, signing its link, and what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from logistics.enums import ShipmentStatus
from logistics.models import DeliveryRating, Shipment, TrackingEvent
from logistics.rules.public import STEPS, Step, contact_matches, scrubbed, step_of
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order

_SALT = "logistics.track"
_AT_MOST = 5  # orders of different channels that share a number
STEP_LABELS: dict[Step, str | Promise] = {
    Step.ORDERED: _("Ordered"),
    Step.PACKED: _("Packed"),
    Step.SHIPPED: _("On the way"),
    Step.OUT: _("Out for delivery"),
    Step.DELIVERED: _("Delivered"),
}


@dataclass(frozen=True, slots=True)
class PublicEvent:
    at: datetime
    label: str | Promise
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class PublicParcel:
    """One parcel as the customer sees it; `step` is None for one that was cancelled or came back."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus | None
    step: Step
    steps: Sequence[tuple[str | Promise, str]]
    expected_at: datetime | None
    delivered_at: datetime | None
    checked_at: datetime | None
    events: Sequence[PublicEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PublicOrder:
    number: str
    placed_at: datetime
    status: OrderStatus
    parcels: Sequence[PublicParcel]
    waiting_for_stock: bool
    may_cancel: bool
    may_rate: bool
    stars: int | None


def sign(order_id: int) -> str:
    """The token of an order's own link."""
    return signing.dumps(order_id, salt=_SALT, compress=False)


def unsign(token: str) -> int | None:
    """The order id of a token, or None for one that we didn't make."""
    try:
        value = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return value if isinstance(value, int) else None


def tracking_url(order_id: int) -> str:
    """The full address of an order's tracking page, for messages to its customer."""
    return settings.PUBLIC_BASE_URL + reverse("track:order", args=[sign(order_id)])


def normal_number(text: str) -> str:
    """An order number as it is looked up."""
    return text.strip().lstrip("#")


def find_order(number: str, contact: str) -> int | None:
    """The id of the order that a visitor may see. A wrong number and a wrong contact look the same."""
    text = normal_number(number)
    if not text or "\x00" in text + contact:
        return None
    spellings = [text, f"#{text}"]
    candidates = Order.objects.filter(
        Q(number=text.upper()) | Q(external_id__in=spellings) | Q(display_number__in=spellings)
    ).values_list("pk", "ship_phone", "ship_phone_e164", "buyer_phone", "buyer_email")[:_AT_MOST]
    # An unknown number is compared with somebody too, so that the time doesn't tell it from a known one.
    rows = list(candidates) or [(0, "+000000000000", "+000000000000", "", "nobody@invalid")]
    found = [pk for pk, *contacts in rows if contact_matches(contact, phones=contacts[:3], emails=contacts[3:])]
    return found[0] if found and found[0] else None


def public_order(order_id: int) -> PublicOrder | None:
    """Everything that the page shows, in a fixed number of statements."""
    shown = ("number", "placed_at", "status", "released_at", "delivered_at", "ship_name", "ship_street")
    order = Order.objects.filter(pk=order_id).only(*shown).first()
    if order is None:
        return None
    fulfilments = list(FulfilmentOrder.objects.filter(order=order).exclude(status=FulfilmentStatus.CANCELLED))
    rating = DeliveryRating.objects.filter(order=order).values_list("stars", flat=True).first()
    return PublicOrder(
        number=order.number,
        placed_at=order.placed_at,
        status=OrderStatus(order.status),
        parcels=_parcels(order, {fulfilment.pk: fulfilment for fulfilment in fulfilments}),
        waiting_for_stock=any(f.status == FulfilmentStatus.BACKORDERED for f in fulfilments),
        may_cancel=_may_cancel(order, fulfilments),
        may_rate=order.delivered_at is not None and rating is None,
        stars=rating,
    )


def _may_cancel(order: Order, fulfilments: Sequence[FulfilmentOrder]) -> bool:
    gone = {FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED}
    return order.status in OrderStatus.OPEN and not any(f.status in gone for f in fulfilments)


def _parcels(order: Order, fulfilments: dict[int, FulfilmentOrder]) -> list[PublicParcel]:
    shipments = list(
        Shipment.objects.filter(order=order)
        .exclude(status=ShipmentStatus.CANCELLED)
        .select_related("carrier")
        .order_by("pk")
    )
    events: dict[int, list[PublicEvent]] = {shipment.pk: [] for shipment in shipments}
    private = (order.ship_name, order.ship_street)
    rows = TrackingEvent.objects.filter(shipment__in=list(events)).order_by("-occurred_at", "-rank", "-id")
    for row in rows:
        label = ShipmentStatus(row.status).label if row.status else row.carrier_status
        text, place = (scrubbed(words, private) for words in (row.description, row.location))
        events[row.shipment_id].append(PublicEvent(row.occurred_at, label, text, place))
    return [_parcel(s, fulfilments.get(s.fulfilment_id), events[s.pk]) for s in shipments]


def _parcel(shipment: Shipment, fulfilment: FulfilmentOrder | None, events: Sequence[PublicEvent]) -> PublicParcel:
    status = ShipmentStatus(shipment.status)
    step = step_of(
        status,
        packed=bool(fulfilment and fulfilment.packed_at),
        shipped=bool(fulfilment and fulfilment.shipped_at),
    )
    reached = STEPS.index(step)
    return PublicParcel(
        carrier=shipment.carrier.local_name if shipment.carrier else "",
        tracking_number=shipment.tracking_number,
        status=status if status not in (ShipmentStatus.PENDING, ShipmentStatus.LABEL_CREATED) else None,
        step=step,
        steps=[(STEP_LABELS[s], _state(index, reached)) for index, s in enumerate(STEPS)],
        expected_at=shipment.estimated_delivery_at if not shipment.delivered_at else None,
        delivered_at=shipment.delivered_at,
        checked_at=shipment.last_checked_at,
        events=events,
    )


def _state(index: int, reached: int) -> str:
    if index == reached:
        return "current"
    return "done" if index < reached else "todo"

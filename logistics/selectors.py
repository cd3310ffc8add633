"""What others read of logistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from core.accounts.selectors import is_limited, scope_ids
from core.kept import KeptQuery
from core.stages import StageDue, capped_due
from logistics.enums import PushState, ShipmentStatus
from logistics.models import Carrier, CheckClaim, DeliveryRating, PushMessage, Shipment, TrackingEvent
from logistics.rules.breaker import OPENS_AFTER
from logistics.rules.polling import quiet_limit
from orders.parcels import Parcel

CAP = 1000


@dataclass(frozen=True, slots=True)
class CarrierHealth:
    """How a carrier is doing: `state` is ok, failing, paused (circuit open) or off."""

    carrier: Carrier
    state: str
    waiting_labels: int
    due_checks: int


def visible_shipments(user: object) -> QuerySet[Shipment]:
    """The shipments that a user may see: those of the warehouses and channels in the user's scope."""
    shipments = Shipment.objects.all()
    warehouses = scope_ids(user, "warehouse")  # type: ignore[arg-type]
    channels = scope_ids(user, "channel")  # type: ignore[arg-type]
    if warehouses is not None:
        shipments = shipments.filter(warehouse_id__in=warehouses)
    if channels is not None:
        shipments = shipments.filter(order__channel_id__in=channels)
    return shipments


def has_no_carrier(shipment: Shipment) -> bool:
    """Whether the parcel has been through the rules and none took it."""
    return shipment.status == ShipmentStatus.PENDING and not shipment.carrier_id and not shipment.label_due_at


def order_shipments(user: object, order_id: int) -> list[Shipment]:
    """An order's parcels that a user may see, oldest first, each with its carrier, and with `rated_stars` and
    `rated_comment`, what the customer said of the order's delivery; None before."""
    if is_limited(user):  # type: ignore[arg-type]
        return list(_of_order(visible_shipments(user), order_id))
    return _ORDER_SHIPMENTS.fetch(order=order_id)


def rating_of(order_id: int) -> tuple[int | None, str]:
    """Stars and comment that a customer gave an order's delivery; (None, "") before."""
    found = DeliveryRating.objects.filter(order=order_id).values_list("stars", "comment").first()
    return found or (None, "")


def _of_order(shipments: QuerySet[Shipment], order: Any) -> QuerySet[Shipment]:
    rating = "order__delivery_rating"
    rated = shipments.annotate(rated_stars=F(f"{rating}__stars"), rated_comment=F(f"{rating}__comment"))
    return rated.filter(order=order).select_related("carrier").order_by("pk")


_ORDER_SHIPMENTS = KeptQuery(lambda order: _of_order(Shipment.objects.all(), order), order="bigint")


def parcels_of_order(order_id: int) -> list[Parcel]:
    """An order's parcels for the API, oldest first, without those that were cancelled."""
    sent = Shipment.objects.filter(order=order_id).exclude(status=ShipmentStatus.CANCELLED).order_by("pk")
    rows = sent.values_list("tracking_number", "carrier__code", "status", "last_event_at")
    return [Parcel(number, carrier or "", status, at) for number, carrier, status, at in rows]


def events_of(shipment_id: int) -> list[TrackingEvent]:
    """A parcel's events, newest first; at the same instant the one further along first."""
    return list(TrackingEvent.objects.filter(shipment_id=shipment_id).order_by("-occurred_at", "-rank", "-id"))


def still_parcels(now: datetime, *, ids: Sequence[int] | None = None, limit: int | None = None) -> list[Shipment]:
    """Parcels with a carrier about which nothing was heard for longer than their state allows.

    The limit shrinks with the carrier's time scale. One settled by a person counts again after another full
    limit.
    """
    quiet = Case(
        *(When(status=status, then=Value(quiet_limit(status))) for status in ShipmentStatus.MOVING),
        default=Value(quiet_limit(ShipmentStatus.IN_TRANSIT)),
        output_field=DurationField(),
    )
    shortest = min(quiet_limit(status) for status in ShipmentStatus.MOVING)
    found = (
        Shipment.objects.filter(next_poll_at__isnull=False)
        .annotate(scale=F("carrier__time_scale"))
        .annotate(limit=ExpressionWrapper(quiet / F("scale"), output_field=DurationField()))
        .filter(last_event_at__lt=now - F("limit"))
        .filter(Q(problem_settled_at=None) | Q(problem_settled_at__lt=now - F("limit")))
        .filter(Q(scale__gt=1) | Q(last_event_at__lt=now - shortest))
        .filter(handed_over_at__isnull=False)
        .select_related("order", "carrier")
        .order_by("last_event_at")
    )
    if ids is not None:
        found = found.filter(pk__in=ids)
    return list(found[:limit] if limit else found)


def carrier_health() -> list[CarrierHealth]:
    """All carriers with what waits for them, each figure counted up to a cap."""
    now = timezone.now()
    return [
        CarrierHealth(
            carrier=carrier,
            state=_state(carrier, now),
            waiting_labels=_count(Shipment.objects.filter(carrier=carrier, label_due_at__isnull=False)),
            due_checks=_count(_checks(now).filter(carrier=carrier)),
        )
        for carrier in Carrier.objects.all()
    ]


def carriers_in_trouble() -> list[Carrier]:
    """The carriers in use whose state is paused or failing."""
    now = timezone.now()
    return [carrier for carrier in Carrier.objects.all() if _state(carrier, now) in ("paused", "failing")]


def _state(carrier: Carrier, now: datetime) -> str:
    if not carrier.is_active:
        return "off"
    if carrier.circuit_open_until and carrier.circuit_open_until > now:
        return "paused"
    return "failing" if carrier.consecutive_failures >= OPENS_AFTER else "ok"


def _count(queryset: QuerySet[Shipment]) -> int:
    return len(queryset.values_list("pk")[:CAP])


def labels_due() -> StageDue:
    due = Shipment.objects.filter(label_due_at__lte=timezone.now()).order_by("label_due_at")
    return capped_due(list(due.values_list("label_due_at", flat=True)[:CAP]), CAP)


def checks_due() -> StageDue:
    """Due checks of carriers that may be called; what waits for a paused carrier isn't due."""
    now = timezone.now()
    due = _checks(now).exclude(carrier__circuit_open_until__gt=now).order_by("next_poll_at")
    return capped_due(list(due.values_list("next_poll_at", flat=True)[:CAP]), CAP)


def _checks(now: datetime) -> QuerySet[Shipment]:
    """Parcels whose check is due and that no worker asks about right now."""
    claims = CheckClaim.objects.filter(shipment=OuterRef("pk"), next_poll_at=OuterRef("next_poll_at"))
    return Shipment.objects.filter(~Exists(claims.filter(expires_at__gt=now)), next_poll_at__lte=now)


def pushes_due() -> StageDue:
    due = PushMessage.objects.filter(state=PushState.RECEIVED).order_by("id")
    return capped_due(list(due.values_list("received_at", flat=True)[:CAP]), CAP)

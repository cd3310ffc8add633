"""What follows from a parcel's new state: the order moves on, cases open and close."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.cases.services import CaseSeed, clear_cases, open_cases
from logistics.codes import ATTEMPT_FAILED, LABEL_REPLACED, NO_MOVEMENT, PARCEL_EXCEPTION, SHIPMENT_SUBJECT
from logistics.enums import ShipmentStatus
from logistics.models import Shipment, TrackingEvent
from logistics.rules.return_reason import names_bad_address
from orders.enums import FulfilmentStatus
from orders.locks import lock_fulfilments, lock_reserved_stock
from orders.models import FulfilmentOrder, Order
from orders.services.fulfilment import record_delivery, record_shipped, record_undeliverable

S = ShipmentStatus

#: States in which a parcel needs somebody.
PROBLEM_STATES = frozenset({S.EXCEPTION, S.RETURNING, S.RETURNED, S.LOST, S.EXPIRED})


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A parcel moved from one state to another; `happened_at` is the deciding event's instant."""

    shipment: Shipment
    before: ShipmentStatus
    after: ShipmentStatus
    happened_at: datetime


def lock_orders_of(shipment_ids: Sequence[int]) -> None:
    """Lock the orders and fulfilment orders of parcels, which come before the parcels in the order of locks."""
    if shipment_ids:
        rows = Shipment.objects.filter(pk__in=shipment_ids, status__in=ShipmentStatus.OPEN)
        lock_fulfilments(rows.values_list("fulfilment_id", flat=True))


def follow_up(changes: Sequence[StatusChange], *, at: datetime) -> None:
    """Everything that new states bring with them, in the caller's transaction."""
    _move_orders(changes)
    note_bad_addresses([c.shipment for c in changes if c.after == S.RETURNED], at=at)
    _open_cases(changes)
    _clear_cases(changes)


def _move_orders(changes: Sequence[StatusChange]) -> None:
    """Parcels with the carrier are shipped, whoever forgot to say so; delivered ones are delivered."""
    on_the_way = [c for c in changes if c.after in S.MOVING or c.after == S.DELIVERED]
    if not on_the_way:
        return
    statuses = dict(
        FulfilmentOrder.objects.filter(pk__in=[c.shipment.fulfilment_id for c in on_the_way]).values_list(
            "pk", "status"
        )
    )
    # Each moment takes its own goods out of stock.
    lock_reserved_stock([pk for pk, status in statuses.items() if status == FulfilmentStatus.PACKED])
    for moment, ids in _by_moment(on_the_way, statuses, {FulfilmentStatus.PACKED}).items():
        record_shipped(fulfilment_ids=ids, at=moment)
    arrived = [c for c in on_the_way if c.after == S.DELIVERED]
    ready = {FulfilmentStatus.PACKED, FulfilmentStatus.SHIPPED}
    for moment, ids in _by_moment(arrived, statuses, ready).items():
        record_delivery(fulfilment_ids=ids, at=moment)


def follow_packed(*, fulfilment_ids: Sequence[int], at: datetime) -> None:
    """The warehouse says that parcels are packed; those that carriers have scanned by then have left already."""
    lock_fulfilments(fulfilment_ids)
    gone = Shipment.objects.filter(fulfilment_id__in=fulfilment_ids, status__in=[*S.MOVING, S.DELIVERED])
    _move_orders(
        [
            StatusChange(parcel, S.LABEL_CREATED, S(parcel.status), parcel.delivered_at or parcel.handed_over_at or at)
            for parcel in gone.order_by("pk")
        ]
    )


def note_bad_addresses(returned: Sequence[Shipment], *, at: datetime) -> None:
    """Parcels that came back because of their address count as data errors that escaped, also where the carrier
    says why only later."""
    back = {shipment.pk: shipment.fulfilment_id for shipment in returned}
    if not back:
        return
    told = TrackingEvent.objects.filter(shipment_id__in=back).values_list("shipment_id", "description")
    blamed = {shipment_id for shipment_id, text in told if names_bad_address(text)}
    if blamed:
        record_undeliverable(fulfilment_ids=[back[pk] for pk in blamed], at=at)


def _by_moment(
    changes: Sequence[StatusChange], statuses: dict[int, str], wanted: set[FulfilmentStatus]
) -> dict[datetime, list[int]]:
    """Fulfilment orders by the instant that counts for them, those in a wanted state only."""
    grouped: dict[datetime, list[int]] = defaultdict(list)
    for change in changes:
        if statuses.get(change.shipment.fulfilment_id) in wanted:
            handed_over = change.shipment.handed_over_at if change.after != S.DELIVERED else None
            grouped[handed_over or change.happened_at].append(change.shipment.fulfilment_id)
    return grouped


def _open_cases(changes: Sequence[StatusChange]) -> None:
    wanted = [c for c in changes if c.after == S.ATTEMPT_FAILED or c.after in PROBLEM_STATES]
    if not wanted:
        return
    channels = dict(Order.objects.filter(pk__in=[c.shipment.order_id for c in wanted]).values_list("pk", "channel_id"))
    seeds = [
        seed(
            change.shipment,
            ATTEMPT_FAILED if change.after == S.ATTEMPT_FAILED else PARCEL_EXCEPTION,
            str(change.after),
            channel_id=channels.get(change.shipment.order_id),
            cause_at=change.happened_at,
        )
        for change in wanted
    ]
    open_cases(seeds)


def seed(
    shipment: Shipment,
    case_type: str,
    summary_code: str,
    *,
    channel_id: int | None,
    cause_at: datetime | None,
    **params: object,
) -> CaseSeed:
    """A case about a parcel."""
    return CaseSeed(
        type=case_type,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=str(shipment),
        summary_code=summary_code,
        summary_params=params,
        cause_at=cause_at,
        channel_id=channel_id,
        warehouse_id=shipment.warehouse_id,
    )


def _clear_cases(changes: Sequence[StatusChange]) -> None:
    for code in (NO_MOVEMENT, LABEL_REPLACED):
        clear_cases(code, [c.shipment.pk for c in changes])
    clear_cases(ATTEMPT_FAILED, [c.shipment.pk for c in changes if c.before == S.ATTEMPT_FAILED])
    gone = [c.shipment.pk for c in changes if c.before in PROBLEM_STATES and c.after not in PROBLEM_STATES]
    clear_cases(PARCEL_EXCEPTION, gone)

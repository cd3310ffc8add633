"""Carriers' news become events, states and their consequences: one transaction and a fixed number of
statements for any number of parcels, in any order, any number of times.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from random import random

from django.db import transaction
from django.db.models import prefetch_related_objects

from core.db import insert_rows, update_rows
from core.outbox.services import publish
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.enums import EventSource, ShipmentStatus
from logistics.events import ShipmentStatusChanged
from logistics.models import Shipment, TrackingEvent
from logistics.rules.polling import next_interval
from logistics.rules.tracking_status import Seen, rank, settle
from logistics.services.consequences import StatusChange, follow_up, lock_orders_of, note_bad_addresses
from logistics.services.estimates import estimate_for, transit_tables
from logistics.services.void_labels import report_scanned

_EVENT_COLUMNS = (
    "shipment_id",
    "dedupe_key",
    "occurred_at",
    "ingested_at",
    "status",
    "rank",
    "carrier_status",
    "description",
    "location",
    "source",
)
_CHECKED_COLUMNS = ("last_checked_at", "next_poll_at", "poll_failures", "poll_error", "subscribe_due")
_NEWS_COLUMNS = (
    *_CHECKED_COLUMNS,
    "status",
    "track_digest",
    "last_event_at",
    "failed_attempt_count",
    "estimated_at_handover",
    "estimated_delivery_at",
    "delivered_at",
    "handed_over_at",
    "company_code",
    "problem_settled_at",
)

# Events that can ship or deliver an order.
_ORDER_MOVES = ShipmentStatus.MOVING | {ShipmentStatus.DELIVERED}


@dataclass(frozen=True, slots=True)
class Arrival:
    """News of one parcel. `subscribed` is True or False when the subscription changed, else None."""

    shipment_id: int
    result: TrackResult
    source: EventSource
    subscribed: bool | None = None


@dataclass(frozen=True, slots=True)
class IngestCounts:
    parcels: int
    new_events: int
    changed: int


@transaction.atomic
def ingest(arrivals: Sequence[Arrival], *, at: datetime) -> IngestCounts:
    """Take in what carriers said about parcels; several arrivals about one parcel are merged.

    Events are told apart by instant, text and place, so that a push, a poll and their repetition count once.
    """
    merged: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        merged[arrival.shipment_id].append(arrival)
    digests = {pk: _digest(news) for pk, news in merged.items()}
    lock_orders_of(_may_move_orders(merged, digests))
    shipments = {
        shipment.pk: shipment
        for shipment in Shipment.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=sorted(merged))
        .select_related("carrier")
        .order_by("pk")
    }
    fresh = [shipment for pk, shipment in shipments.items() if not digests[pk] or digests[pk] != shipment.track_digest]
    new_ids = _insert_events(merged, fresh, at)
    seen = _events_of(new_ids)
    changes: list[StatusChange] = []
    with_us = {pk for pk in new_ids if shipments[pk].handed_over_at is None}
    for pk in new_ids:
        change = _apply_events(shipments[pk], seen[pk], merged[pk])
        changes += [change] if change else []
    _promise([shipments[pk] for pk in with_us if shipments[pk].handed_over_at is not None])
    for shipment in fresh:
        shipment.track_digest = digests[shipment.pk]
        _apply_summary(shipment, merged[shipment.pk])
    for shipment in shipments.values():
        _note_check(shipment, merged[shipment.pk], at)
    given_up = [_give_up(shipment, at) for shipment in shipments.values() if _is_forgotten(shipment)]
    changes += given_up
    _save(shipments, {*fresh, *(change.shipment for change in given_up)})
    _follow(changes, [shipments[pk] for pk in new_ids], at)
    return IngestCounts(parcels=len(shipments), new_events=sum(new_ids.values()), changed=len(changes))


def _follow(changes: Sequence[StatusChange], with_events: Sequence[Shipment], at: datetime) -> None:
    if changes:
        publish(_changed(changes))
        follow_up(changes, at=at)
    moved = {change.shipment.pk for change in changes}
    late = [s for s in with_events if s.status == ShipmentStatus.RETURNED and s.pk not in moved]
    note_bad_addresses(late, at=at)
    report_scanned(with_events, at=at)


def dedupe_key(event: TrackEvent) -> str:
    """The same for an event however often and by whatever way it comes: instant, text and place."""
    text = f"{event.occurred_at.timestamp():.0f}\x1f{' '.join(event.description.split())}\x1f{event.location}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _digest(news: Sequence[Arrival]) -> str:
    """A fingerprint of an answer; empty when there are several, so that each is looked at."""
    if len(news) > 1:
        return ""
    result = news[0].result
    parts = [dedupe_key(event) for event in result.events]
    text = "\x1f".join([*parts, str(result.estimated_delivery_at), result.company])
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _may_move_orders(merged: Mapping[int, Sequence[Arrival]], digests: Mapping[int, str]) -> list[int]:
    """Parcels whose news may move orders: those orders must be locked before the parcels.

    Looks without locks; what changes in between only costs a lock that wasn't needed.
    """
    with_moves = [
        pk
        for pk, news in merged.items()
        if any(event.status in _ORDER_MOVES for arrival in news for event in arrival.result.events)
    ]
    rows = Shipment.objects.filter(pk__in=with_moves).values_list("pk", "track_digest")
    return [pk for pk, digest in rows if not digests[pk] or digest != digests[pk]]


def _insert_events(merged: Mapping[int, Sequence[Arrival]], fresh: Sequence[Shipment], at: datetime) -> dict[int, int]:
    """Insert what isn't known yet; returns how many events are new by shipment."""
    rows = [
        _event_row(shipment.pk, event, arrival.source, at)
        for shipment in fresh
        for arrival in merged[shipment.pk]
        for event in arrival.result.events
    ]
    # One order for all writers: two workers inserting the same events must not wait for each other crosswise.
    unique = sorted({(row[0], row[1]): row for row in rows}.values(), key=lambda row: (row[0], row[1]))
    written = insert_rows(
        TrackingEvent,
        _EVENT_COLUMNS,
        unique,
        on_conflict="ON CONFLICT (shipment_id, dedupe_key) DO NOTHING",
        returning=("shipment_id",),
    )
    counts: dict[int, int] = defaultdict(int)
    for (shipment_id,) in written:
        counts[shipment_id] += 1
    return dict(counts)


def _event_row(shipment_id: int, event: TrackEvent, source: EventSource, at: datetime) -> tuple[object, ...]:
    status = str(event.status or "")
    return (
        shipment_id,
        dedupe_key(event),
        event.occurred_at,
        at,
        status,
        rank(status),
        event.code[:64],
        event.description[:500],
        event.location[:255],
        str(source),
    )


def _events_of(shipment_ids: Mapping[int, int]) -> dict[int, list[Seen]]:
    seen: dict[int, list[Seen]] = defaultdict(list)
    if shipment_ids:
        rows = TrackingEvent.objects.filter(shipment_id__in=list(shipment_ids)).exclude(status="")
        for pk, occurred_at, status in rows.values_list("shipment_id", "occurred_at", "status"):
            seen[pk].append(Seen(occurred_at, ShipmentStatus(status)))
    return seen


def _apply_events(shipment: Shipment, seen: Sequence[Seen], news: Sequence[Arrival]) -> StatusChange | None:
    """Bring a parcel's row up to its events; returns the change of state, if there is one."""
    before = ShipmentStatus(shipment.status)
    after = settle(before, seen)
    times = [event.occurred_at for arrival in news for event in arrival.result.events]
    if times:
        shipment.last_event_at = max([*times, *([shipment.last_event_at] if shipment.last_event_at else [])])
    shipment.failed_attempt_count = sum(event.status == ShipmentStatus.ATTEMPT_FAILED for event in seen)
    if shipment.handed_over_at is None and after in ShipmentStatus.MOVING | {ShipmentStatus.DELIVERED}:
        shipment.handed_over_at = min(
            (event.occurred_at for event in seen if event.status in ShipmentStatus.MOVING), default=max(times)
        )
    if after == before:
        return None
    shipment.status = after
    happened_at = max((event.occurred_at for event in seen if event.status == after), default=max(times))
    if after == ShipmentStatus.DELIVERED:
        shipment.delivered_at = happened_at
    shipment.problem_settled_at = None
    return StatusChange(shipment=shipment, before=before, after=after, happened_at=happened_at)


def _promise(shipments: Sequence[Shipment]) -> None:
    """Parcels that the carrier scanned before anybody said that they had left: promise a date from that scan."""
    if not shipments:
        return
    prefetch_related_objects(shipments, "warehouse", "order")
    tables = transit_tables({shipment.carrier_id for shipment in shipments if shipment.carrier_id})
    for shipment in shipments:
        if shipment.handed_over_at is not None:
            promised = estimate_for(shipment, tables, handed_over_at=shipment.handed_over_at)
            shipment.estimated_at_handover = shipment.estimated_delivery_at = promised


def _is_forgotten(shipment: Shipment) -> bool:
    """With the carrier, and so long without news that nobody asks any more."""
    return shipment.status in ShipmentStatus.MOVING and shipment.next_poll_at is None


def _give_up(shipment: Shipment, at: datetime) -> StatusChange:
    before = ShipmentStatus(shipment.status)
    shipment.status = ShipmentStatus.EXPIRED
    shipment.problem_settled_at = None
    return StatusChange(shipment=shipment, before=before, after=ShipmentStatus.EXPIRED, happened_at=at)


def _apply_summary(shipment: Shipment, news: Sequence[Arrival]) -> None:
    for arrival in news:
        if arrival.result.estimated_delivery_at and not shipment.delivered_at:
            shipment.estimated_delivery_at = arrival.result.estimated_delivery_at
        if arrival.result.company:
            shipment.company_code = arrival.result.company[:32]


def _note_check(shipment: Shipment, news: Sequence[Arrival], at: datetime) -> None:
    carrier = shipment.carrier
    for arrival in news:
        if arrival.subscribed is not None:
            shipment.subscribe_due = not arrival.subscribed
    shipment.last_checked_at = at
    shipment.poll_failures = 0
    shipment.poll_error = ""
    quiet_since = shipment.last_event_at or shipment.handed_over_at or shipment.created_at
    interval = next_interval(
        status=shipment.status,
        quiet_for=max(at - quiet_since, at - at),
        pushes=bool(carrier and carrier.supports_push and not shipment.subscribe_due),
        time_scale=carrier.time_scale if carrier else 1,
        jitter=random(),  # noqa: S311 - spreads load, guards nothing
    )
    shipment.next_poll_at = at + interval if interval else None


def _save(shipments: Mapping[int, Shipment], fresh: Collection[Shipment]) -> None:
    """Most parcels have no news: their update leaves the wide columns and their indexes alone."""
    news = {shipment.pk for shipment in fresh}
    still = [shipment for pk, shipment in shipments.items() if pk not in news]
    update_rows(Shipment, "id", _CHECKED_COLUMNS, [_values(s, _CHECKED_COLUMNS) for s in still])
    update_rows(Shipment, "id", _NEWS_COLUMNS, [_values(s, _NEWS_COLUMNS) for pk, s in shipments.items() if pk in news])


def _values(shipment: Shipment, columns: Sequence[str]) -> tuple[object, ...]:
    return (shipment.pk, *(getattr(shipment, column) for column in columns))


def _changed(changes: Sequence[StatusChange]) -> ShipmentStatusChanged:
    return ShipmentStatusChanged(
        shipment_ids=[change.shipment.pk for change in changes],
        changes={str(c.shipment.pk): [str(c.before), str(c.after)] for c in changes},
    )

"""Asking carriers about parcels whose check is due.

Due parcels are found per carrier by index, claimed by moving their next check ahead (a worker that dies loses
them only until then), asked about without any lock held, and taken in by one transaction.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random

from django.db import connection, transaction
from django.utils import timezone

from core.db import update_rows
from logistics.carriers.base import CarrierAdapter, CarrierError, CarrierUnavailable, TrackQuery, TrackResult
from logistics.carriers.registry import adapter_codes
from logistics.enums import EventSource
from logistics.models import Carrier, Shipment
from logistics.rules.breaker import OPENS_AFTER
from logistics.rules.polling import retry_after_failure
from logistics.services.calling import Calls, Outcome
from logistics.services.health import record_outcomes
from logistics.services.ingest import Arrival, ingest
from logistics.throttle import take_calls

#: A claimed check that brought no result is due again after this; longer than any batch can take.
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PollItem:
    """A parcel to ask about, with everything that the call needs."""

    shipment_id: int
    carrier_id: int
    query: TrackQuery
    subscribe: bool
    failures: int


@dataclass(frozen=True, slots=True)
class Answer:
    result: TrackResult
    subscribed: bool | None


def poll_batch(limit: int) -> int:
    """Check up to `limit` due parcels per carrier, within each carrier's rate; returns how many were asked about."""
    now = timezone.now()
    carriers = {carrier.pk: carrier for carrier in pollable_carriers(now)}
    claimed = claim_due(_allowances(carriers, limit, now), at=now)
    if not claimed:
        return 0
    by_carrier: dict[int, list[PollItem]] = defaultdict(list)
    for item in claimed:
        by_carrier[item.carrier_id].append(item)
    calls: Calls[PollItem, Answer] = Calls()
    for carrier_id, items in by_carrier.items():
        calls.add(carriers[carrier_id], items, _ask)
    outcomes, health = calls.run()
    at = timezone.now()
    with transaction.atomic():
        _take_in(outcomes, at)
        _put_back(outcomes, carriers, at)
    # The carrier's row is shared by every worker: its own short transaction.
    with transaction.atomic():
        record_outcomes(health, at=at)
    return sum(not outcome.skipped for outcome in outcomes)


def pollable_carriers(now: datetime) -> list[Carrier]:
    """Carriers that may be called: active, with an adapter and a closed (or half-open) circuit."""
    active = Carrier.objects.filter(is_active=True, adapter__in=adapter_codes())
    return [c for c in active if c.circuit_open_until is None or c.circuit_open_until <= now]


def _allowances(carriers: Mapping[int, Carrier], limit: int, now: datetime) -> dict[int, int]:
    """How many parcels may be claimed per carrier: what is due, within the rate; one probe after a pause."""
    due = count_due(list(carriers), limit, at=now)
    allowed = {}
    for carrier_id, count in due.items():
        carrier = carriers[carrier_id]
        wanted = min(count, 1) if carrier.consecutive_failures >= OPENS_AFTER else count
        calls = take_calls(carrier_id=carrier_id, rate_per_second=carrier.rate_per_second, wanted=wanted)
        if calls:
            allowed[carrier_id] = calls
    return allowed


def count_due(carrier_ids: Sequence[int], cap: int, *, at: datetime) -> dict[int, int]:
    """How many parcels are due by carrier, counted up to `cap`; carriers without any are left out."""
    if not carrier_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.id, (SELECT count(*) FROM (
                   SELECT 1 FROM logistics_shipment s
                    WHERE s.carrier_id = c.id AND s.next_poll_at <= %(at)s LIMIT %(cap)s) AS due)
                 FROM unnest(%(ids)s::bigint[]) AS c(id)""",
            {"ids": list(carrier_ids), "cap": cap, "at": at},
        )
        return {carrier_id: count for carrier_id, count in cursor.fetchall() if count}


def claim_due(allowed: Mapping[int, int], *, at: datetime) -> list[PollItem]:
    """Claim up to `allowed[carrier id]` due parcels of each carrier, the longest due first.

    Two workers never get the same parcel: rows that another one is claiming are skipped, claimed ones aren't
    due any more.
    """
    if not allowed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH due AS (
                   SELECT s.id FROM unnest(%(ids)s::bigint[], %(counts)s::int[]) AS c(id, count)
                    CROSS JOIN LATERAL (
                       SELECT id FROM logistics_shipment
                        WHERE carrier_id = c.id AND next_poll_at <= %(at)s
                        ORDER BY next_poll_at LIMIT c.count
                        FOR NO KEY UPDATE SKIP LOCKED) AS s)
               UPDATE logistics_shipment AS s SET next_poll_at = %(lease)s
                 FROM due, orders_order AS o
                WHERE s.id = due.id AND o.id = s.order_id
            RETURNING s.id, s.carrier_id, s.tracking_number, s.company_code, s.subscribe_due, s.poll_failures,
                      o.ship_phone, o.ship_province, o.ship_city, o.ship_district""",
            {"ids": list(allowed), "counts": list(allowed.values()), "at": at, "lease": at + LEASE},
        )
        return [_item(row) for row in cursor.fetchall()]


def _item(row: tuple[object, ...]) -> PollItem:
    shipment_id, carrier_id, number, company, subscribe, failures, phone, *place = row
    return PollItem(
        shipment_id=int(str(shipment_id)),
        carrier_id=int(str(carrier_id)),
        query=TrackQuery(
            number=str(number), phone=str(phone), destination="".join(map(str, place)), company=str(company)
        ),
        subscribe=bool(subscribe),
        failures=int(str(failures)),
    )


def _ask(adapter: CarrierAdapter, item: PollItem) -> Answer:
    """Subscribe where that is due, then ask. A subscription that fails is tried again with the next check."""
    subscribed = None
    if item.subscribe and adapter.pushes:
        try:
            adapter.subscribe(item.query)
            subscribed = True
        except CarrierUnavailable:
            raise
        except CarrierError:
            subscribed = False
    return Answer(result=adapter.track([item.query])[0], subscribed=subscribed)


def _take_in(outcomes: Sequence[Outcome[PollItem, Answer]], at: datetime) -> None:
    arrivals = [
        Arrival(outcome.item.shipment_id, outcome.result.result, EventSource.POLL, outcome.result.subscribed)
        for outcome in outcomes
        if outcome.result is not None
    ]
    if arrivals:
        ingest(arrivals, at=at)


def _put_back(outcomes: Sequence[Outcome[PollItem, Answer]], carriers: Mapping[int, Carrier], at: datetime) -> None:
    """Failed checks come back after a growing while, checks that weren't made at once."""
    skipped = [outcome.item.shipment_id for outcome in outcomes if outcome.skipped]
    if skipped:
        Shipment.objects.filter(pk__in=skipped).update(next_poll_at=at)
    failed = [
        (
            outcome.item.shipment_id,
            at + _wait(outcome.error, outcome.item.failures + 1, carriers[outcome.item.carrier_id].time_scale),
            min(outcome.item.failures + 1, 32767),
            f"{type(outcome.error).__name__}: {outcome.error.reason}"[:255],
        )
        for outcome in outcomes
        if outcome.error is not None
    ]
    update_rows(Shipment, "id", ("next_poll_at", "poll_failures", "poll_error"), sorted(failed))


def _wait(error: CarrierError, failures: int, time_scale: int) -> timedelta:
    jitter = random()  # noqa: S311 - spreads load, guards nothing
    wait = retry_after_failure(failures=failures, time_scale=time_scale, jitter=jitter)
    asked = getattr(error, "retry_after", None)
    return max(wait, timedelta(seconds=min(asked, 3600))) if asked else wait


def poll_soon(shipment_ids: Sequence[int]) -> int:
    """Make parcels' next check due now; returns how many are checked at all."""
    return Shipment.objects.filter(pk__in=shipment_ids, next_poll_at__isnull=False).update(next_poll_at=timezone.now())

"""Asking carriers about parcels whose check is due.

Due parcels are found per carrier by index, claimed for a while (a worker that dies loses them only until then),
asked about without any lock held, and taken in by one transaction.
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
from logistics.locks import one_claim_at_a_time
from logistics.models import Carrier, Shipment
from logistics.rules.breaker import OPENS_AFTER
from logistics.rules.polling import retry_after_failure
from logistics.services.calling import Calls, Outcome
from logistics.services.health import record_outcomes
from logistics.services.ingest import Arrival, ingest
from logistics.throttle import take_calls

#: A claimed check that brought no result is due again after this; longer than any batch can take.
LEASE = timedelta(minutes=10)

# Few enough to be read once for each statement; joined, the planner might give up the order of the index instead.
_NOT_CLAIMED = """(s.id, s.next_poll_at) NOT IN (
    SELECT claim.shipment_id, claim.next_poll_at FROM logistics_checkclaim AS claim WHERE claim.expires_at > %(at)s)"""
_COUNT_DUE = f"""
SELECT c.id, (
    SELECT count(*) FROM (
        SELECT 1 FROM logistics_shipment AS s
         WHERE s.carrier_id = c.id AND s.next_poll_at <= %(at)s AND {_NOT_CLAIMED} LIMIT %(cap)s) AS due)
  FROM unnest(%(ids)s::bigint[]) AS c(id)
"""  # noqa: S608
_CLAIM_DUE = f"""
WITH due AS (
    SELECT s.* FROM unnest(%(ids)s::bigint[], %(counts)s::int[]) AS c(id, count)
     CROSS JOIN LATERAL (
        SELECT s.id, s.next_poll_at FROM logistics_shipment AS s
         WHERE s.carrier_id = c.id AND s.next_poll_at <= %(at)s AND {_NOT_CLAIMED}
         ORDER BY s.next_poll_at LIMIT c.count) AS s),
claimed AS (
    INSERT INTO logistics_checkclaim (shipment_id, next_poll_at, expires_at)
    SELECT id, next_poll_at, %(expires_at)s FROM due
    ON CONFLICT (shipment_id) DO UPDATE SET next_poll_at = excluded.next_poll_at, expires_at = excluded.expires_at)
SELECT s.id, s.carrier_id, s.tracking_number, s.company_code, s.subscribe_due, s.poll_failures,
       o.ship_phone, o.ship_province, o.ship_city, o.ship_district
  FROM due JOIN logistics_shipment AS s ON s.id = due.id JOIN orders_order AS o ON o.id = s.order_id
"""  # noqa: S608
_GIVE_BACK = """
DELETE FROM logistics_checkclaim
 WHERE expires_at <= %(at)s OR (expires_at = %(expires_at)s AND shipment_id = ANY(%(ids)s))
"""


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
    with transaction.atomic():  # of its own: pushes lock parcels in one order, so must whoever locks them twice
        _put_back([outcome for outcome in outcomes if outcome.result is None], carriers, at)
    # Void already, now that the next checks are set: should this not happen, nothing waits for them.
    _give_back(claimed, now)
    # The carrier's row is shared by every worker: its own short transaction.
    with transaction.atomic():
        record_outcomes(health, at=at)
    return sum(not outcome.skipped for outcome in outcomes)


def pollable_carriers(now: datetime) -> list[Carrier]:
    """Carriers that may be asked: with an adapter and a closed (or half-open) circuit. One that is switched off takes
    no new parcels; those that it has are followed to their end."""
    known = Carrier.objects.filter(adapter__in=adapter_codes())
    return [c for c in known if c.circuit_open_until is None or c.circuit_open_until <= now]


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
        cursor.execute(_COUNT_DUE, {"ids": list(carrier_ids), "cap": cap, "at": at})
        return {carrier_id: count for carrier_id, count in cursor.fetchall() if count}


def claim_due(allowed: Mapping[int, int], *, at: datetime) -> list[PollItem]:
    """Claim up to `allowed[carrier id]` due parcels of each carrier, the longest due first.

    Two workers never get the same parcel: what is claimed isn't due until LEASE after `at`, or until its next check
    is set anew.
    """
    if not allowed:
        return []
    counts = {"ids": list(allowed), "counts": list(allowed.values())}
    with transaction.atomic(), connection.cursor() as cursor:
        one_claim_at_a_time()
        cursor.execute(_CLAIM_DUE, {**counts, "at": at, "expires_at": at + LEASE})
        return [_item(row) for row in cursor.fetchall()]


def _give_back(items: Sequence[PollItem], claimed_at: datetime) -> None:
    """Remove the claims of a batch, and those that workers left behind when they died."""
    ids = [item.shipment_id for item in items]
    with transaction.atomic(), connection.cursor() as cursor:
        one_claim_at_a_time()
        cursor.execute(_GIVE_BACK, {"at": timezone.now(), "expires_at": claimed_at + LEASE, "ids": ids})


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
    """Failed checks come back after a growing while, checks that weren't made at once; ended ones stay as they are."""
    if not outcomes:
        return
    asked = Shipment.objects.filter(pk__in=[outcome.item.shipment_id for outcome in outcomes])
    waiting = asked.filter(next_poll_at__isnull=False).select_for_update(no_key=True).order_by("pk")
    ids = set(waiting.values_list("pk", flat=True))
    skipped = [outcome.item.shipment_id for outcome in outcomes if outcome.skipped]
    if skipped:
        Shipment.objects.filter(pk__in=ids.intersection(skipped)).update(next_poll_at=at)
    failed = [
        (
            outcome.item.shipment_id,
            at + _wait(outcome.error, outcome.item.failures + 1, carriers[outcome.item.carrier_id].time_scale),
            min(outcome.item.failures + 1, 32767),
            f"{type(outcome.error).__name__}: {outcome.error.reason}"[:255],
        )
        for outcome in outcomes
        if outcome.error is not None and outcome.item.shipment_id in ids
    ]
    update_rows(Shipment, "id", ("next_poll_at", "poll_failures", "poll_error"), failed)


def _wait(error: CarrierError, failures: int, time_scale: int) -> timedelta:
    jitter = random()  # noqa: S311 - spreads load, guards nothing
    wait = retry_after_failure(failures=failures, time_scale=time_scale, jitter=jitter)
    asked = getattr(error, "retry_after", None)
    return max(wait, timedelta(seconds=min(asked, 3600))) if asked else wait

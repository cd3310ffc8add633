"""What is due, who asks, and what happens when a carrier has a bad day."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from core.actor import SYSTEM
from core.nudging import redis_client
from logistics import throttle
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, CheckClaim, Shipment, TrackingEvent
from logistics.rules.breaker import OPENS_AFTER
from logistics.selectors import checks_due
from logistics.services import polling
from logistics.services.health import close_circuit
from logistics.services.polling import LEASE, claim_due, count_due, poll_batch
from logistics.services.shipments import poll_now
from logistics.throttle import take_calls
from tests.core.threads import lock_around, raise_errors
from tests.factories.logistics import make_carrier, make_fulfilments, make_shipment

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus


def parcels(carrier, sandbox, count, **options):
    numbers = sandbox.control("parcels", {"count": count, **options})["numbers"]
    return [
        make_shipment(carrier, part, tracking_number=number)
        for part, number in zip(make_fulfilments(count), numbers, strict=True)
    ]


def due_again():
    Shipment.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())


def test_only_what_is_due_is_asked_about(carrier, sandbox):
    due, later, done = parcels(carrier, sandbox, 3, hours=9)
    Shipment.objects.filter(pk=later.pk).update(next_poll_at=timezone.now() + timedelta(minutes=1))
    Shipment.objects.filter(pk=done.pk).update(next_poll_at=None)
    assert poll_batch(100) == 1
    due.refresh_from_db()
    assert due.last_checked_at
    assert due.next_poll_at > timezone.now() + timedelta(hours=1)
    assert set(TrackingEvent.objects.values_list("shipment_id", flat=True)) == {due.pk}
    assert poll_batch(100) == 0


def test_parcels_of_a_carrier_that_is_switched_off_are_followed_to_their_end(carrier, sandbox):
    (parcel,) = parcels(carrier, sandbox, 1, hours=9)
    Carrier.objects.update(is_active=False)
    assert checks_due().count == 1
    assert poll_batch(100) == 1
    parcel.refresh_from_db()
    assert parcel.last_checked_at
    assert TrackingEvent.objects.filter(shipment=parcel).exists()


def test_the_longest_due_comes_first(carrier, sandbox):
    first, second = parcels(carrier, sandbox, 2)
    Shipment.objects.filter(pk=second.pk).update(next_poll_at=timezone.now() - timedelta(hours=3))
    assert [item.shipment_id for item in claim_due({carrier.pk: 1}, at=timezone.now())] == [second.pk]
    assert [item.shipment_id for item in claim_due({carrier.pk: 5}, at=timezone.now())] == [first.pk]


def test_due_parcels_are_found_through_the_index(carrier):
    sql = """EXPLAIN SELECT id FROM logistics_shipment
              WHERE carrier_id = %s AND next_poll_at <= now() ORDER BY next_poll_at LIMIT 100"""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(sql, [carrier.pk])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "shipment_poll_due" in plan
    assert "Sort" not in plan


def test_two_pollers_never_ask_about_the_same_parcel(carrier, sandbox):
    mine = parcels(carrier, sandbox, 20)
    start = threading.Barrier(4)
    claimed: list[int] = []

    def poller():
        start.wait()
        for _ in range(4):
            claimed.extend(item.shipment_id for item in claim_due({carrier.pk: 3}, at=timezone.now()))
        connections.close_all()

    threads = [threading.Thread(target=poller) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= {shipment.pk for shipment in mine}
    assert len(claimed) == 20


def test_a_poller_that_died_loses_nothing_but_time(carrier, sandbox):
    (parcel,) = parcels(carrier, sandbox, 1, hours=9)
    claim_due({carrier.pk: 1}, at=timezone.now())  # and then the worker is killed
    assert poll_batch(100) == 0
    parcel.refresh_from_db()
    assert parcel.next_poll_at < timezone.now() + timedelta(minutes=11)
    due_again()
    assert poll_batch(100) == 1


def test_claiming_writes_nothing_into_the_parcels(carrier, sandbox):
    # A million of them have a dozen indexes: moving 200 checks ahead wrote 11 MB and took a quarter of a second.
    parcels(carrier, sandbox, 3)
    at = timezone.now()
    before = row_versions()
    assert len(claim_due({carrier.pk: 3}, at=at)) == 3
    assert row_versions() == before
    assert (count_due([carrier.pk], 100, at=at), checks_due().count) == ({}, 0)
    assert count_due([carrier.pk], 100, at=at + LEASE) == {carrier.pk: 3}


def row_versions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text, xmin::text, xmax::text FROM logistics_shipment ORDER BY id")
        return cursor.fetchall()


def test_a_check_asked_for_anew_is_due_although_claimed(carrier, sandbox):
    (parcel,) = parcels(carrier, sandbox, 1)
    claim_due({carrier.pk: 1}, at=timezone.now())
    poll_now(shipment_id=parcel.pk, actor=SYSTEM)
    assert checks_due().count == 1
    assert [item.shipment_id for item in claim_due({carrier.pk: 1}, at=timezone.now())] == [parcel.pk]


def test_claims_are_given_back_and_those_of_dead_workers_swept(carrier, sandbox):
    parcels(carrier, sandbox, 4)
    Shipment.objects.update(next_poll_at=timezone.now() - 3 * LEASE)
    (by_dead,) = claim_due({carrier.pk: 1}, at=timezone.now() - 2 * LEASE)
    Shipment.objects.filter(pk=by_dead.shipment_id).update(next_poll_at=None)  # delivered, says a push
    (under_way,) = claim_due({carrier.pk: 1}, at=timezone.now())
    assert CheckClaim.objects.count() == 2
    assert poll_batch(100) == 2
    assert [claim.shipment_id for claim in CheckClaim.objects.all()] == [under_way.shipment_id]


@pytest.mark.parametrize("kind", ["fail", "hang", "garble"])
def test_a_failed_check_comes_back_later_and_later(sandbox, kind):
    carrier = make_carrier(base_url=sandbox.url, timeout_seconds=1)
    (parcel,) = parcels(carrier, sandbox, 1, hours=9)
    sandbox.fault(kind, path="/poll/query.do")
    waits = []
    for failures in (1, 2, 3):
        poll_batch(100)
        parcel.refresh_from_db()
        assert parcel.poll_failures == failures
        assert parcel.poll_error
        waits.append(parcel.next_poll_at - timezone.now())
        due_again()
    assert waits[0] < waits[2]
    assert parcel.last_checked_at is None
    sandbox.control("faults", method="DELETE")
    assert poll_batch(100) == 1
    parcel.refresh_from_db()
    carrier.refresh_from_db()
    assert (parcel.poll_failures, parcel.poll_error, carrier.consecutive_failures) == (0, "", 0)
    assert parcel.last_checked_at


def test_a_check_that_failed_is_put_back_without_holding_those_that_did_not(carrier, sandbox):
    """A push brings news of both parcels meanwhile: it has the failed one and wants the other."""
    failed, fine = parcels(carrier, sandbox, 2, hours=9)
    sandbox.fault("fail", path="/poll/query.do", number=failed.tracking_number)
    lock = lambda pk: Shipment.objects.select_for_update(no_key=True).get(pk=pk)  # noqa: E731
    raise_errors(lock_around(lock, [failed.pk, fine.pk], lambda: poll_batch(100)))
    checked = {parcel.pk: parcel.poll_failures for parcel in Shipment.objects.filter(next_poll_at__gt=timezone.now())}
    assert checked == {failed.pk: 1, fine.pk: 0}


def test_a_check_that_failed_brings_no_delivered_parcel_back(carrier, sandbox, monkeypatch):
    (parcel,) = parcels(carrier, sandbox, 1, hours=9)
    sandbox.fault("fail", path="/poll/query.do")
    ask = polling._ask

    def delivered_meanwhile(adapter, item):
        Shipment.objects.filter(pk=parcel.pk).update(status=S.DELIVERED, next_poll_at=None)
        connections.close_all()
        return ask(adapter, item)

    monkeypatch.setattr(polling, "_ask", delivered_meanwhile)
    assert poll_batch(100) == 1
    parcel.refresh_from_db()
    assert (parcel.next_poll_at, parcel.poll_failures) == (None, 0)


@pytest.mark.parametrize("kind", ["repeat", "reorder"])
def test_repeated_and_reordered_events_count_once(carrier, sandbox, kind):
    parcels(carrier, sandbox, 1, hours=30)
    poll_batch(100)
    known = TrackingEvent.objects.count()
    status = Shipment.objects.get().status
    sandbox.fault(kind, path="/poll/query.do")
    due_again()
    Shipment.objects.update(track_digest="")  # look at every event again
    poll_batch(100)
    assert TrackingEvent.objects.count() == known > 2
    assert Shipment.objects.get().status == status


def test_the_circuit_opens_leaves_the_carrier_alone_probes_and_closes(carrier, sandbox):
    type(carrier).objects.update(max_connections=2)
    parcels(carrier, sandbox, 12, hours=9)
    sandbox.fault("fail", path="/poll/query.do")
    poll_batch(100)
    carrier.refresh_from_db()
    asked = sandbox.control()["requests"]
    assert carrier.circuit_open_until > timezone.now()
    assert OPENS_AFTER <= asked < 12  # the rest wasn't tried, and stays due
    assert Shipment.objects.filter(poll_failures=0, next_poll_at__lte=timezone.now()).exists()
    due_again()
    assert poll_batch(100) == 0  # left alone
    assert sandbox.control()["requests"] == asked

    type(carrier).objects.update(circuit_open_until=timezone.now())
    before = carrier.consecutive_failures
    assert poll_batch(100) == 1  # one probe, which fails
    carrier.refresh_from_db()
    assert carrier.consecutive_failures > before
    assert carrier.circuit_open_until > timezone.now() + timedelta(seconds=50)

    sandbox.control("faults", method="DELETE")
    type(carrier).objects.update(circuit_open_until=timezone.now())
    due_again()
    assert poll_batch(100) == 1  # the probe that succeeds
    carrier.refresh_from_db()
    assert (carrier.consecutive_failures, carrier.circuit_open_until) == (0, None)
    assert carrier.last_success_at
    assert poll_batch(100) == 11


def test_a_manager_can_close_the_circuit(carrier):
    type(carrier).objects.update(consecutive_failures=9, circuit_open_until=timezone.now() + timedelta(hours=1))
    close_circuit(carrier_id=carrier.pk)
    carrier.refresh_from_db()
    assert (carrier.consecutive_failures, carrier.circuit_open_until) == (0, None)


def test_one_carriers_failure_does_not_stop_another(carrier, sandbox):
    broken = make_carrier("broken", base_url="http://127.0.0.1:9")
    parcels(broken, sandbox, 3)
    (fine,) = parcels(carrier, sandbox, 1, hours=9)
    poll_batch(100)
    fine.refresh_from_db()
    assert fine.last_checked_at


def test_the_rate_of_a_carrier_is_kept_over_all_workers(carrier, sandbox):
    type(carrier).objects.update(rate_per_second=2)
    parcels(carrier, sandbox, 12, hours=9)
    started = time.monotonic()
    assert poll_batch(100) == 4  # two seconds' worth, then no more
    assert poll_batch(100) <= 2 * (time.monotonic() - started)
    assert count_due([carrier.pk], 100, at=timezone.now())[carrier.pk] >= 12 - 4 - 2 * (time.monotonic() - started)


def test_tokens_come_back_with_time_and_never_pile_up(db):
    redis_client().delete("ecom:carrier-tokens:999")
    started = time.monotonic()
    assert take_calls(carrier_id=999, rate_per_second=50, wanted=1000) == 100
    assert take_calls(carrier_id=999, rate_per_second=50, wanted=1000) <= 50 * (time.monotonic() - started)
    redis_client().hset("ecom:carrier-tokens:999", "at", "1")  # an hour, a day, fifty years later
    assert take_calls(carrier_id=999, rate_per_second=50, wanted=1000) == 100
    assert take_calls(carrier_id=999, rate_per_second=0, wanted=1000) == 1000


def test_without_redis_every_process_counts_for_itself(settings, monkeypatch):
    class Away:
        def eval(self, *args):
            raise ConnectionError

    monkeypatch.setattr(throttle, "redis_client", Away)
    monkeypatch.setattr(throttle, "_local", throttle._LocalBuckets())
    try:
        started = time.monotonic()
        assert take_calls(carrier_id=5, rate_per_second=4, wanted=100) == 8
        assert take_calls(carrier_id=5, rate_per_second=4, wanted=100) <= 4 * (time.monotonic() - started)
    finally:
        throttle._redis_away.reset()


def test_the_delivered_parcel_is_not_asked_about_again(carrier, sandbox):
    (parcel,) = parcels(carrier, sandbox, 1, hours=400)
    poll_batch(100)
    parcel.refresh_from_db()
    assert parcel.status == S.DELIVERED
    assert parcel.next_poll_at is None

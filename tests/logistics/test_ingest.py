"""Events: once each, in any order, with their consequences."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from core.cases.models import Case
from core.outbox.models import OutboxEvent
from core.stages import drain
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import Shipment, TrackingEvent
from logistics.services.ingest import Arrival, ingest
from orders.enums import FulfilmentStatus
from orders.services.fulfilment import record_shipped
from tests.factories.logistics import make_carrier, make_fulfilment, make_fulfilments, make_shipment, pack

pytestmark = pytest.mark.django_db

S = ShipmentStatus
NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)


def event(hours, status, text=""):
    return TrackEvent(NOW - timedelta(hours=hours), text or f"{status} {hours}", status, "深圳")


def arrival(shipment, *events, source=EventSource.POLL, **fields):
    return Arrival(shipment.pk, TrackResult(shipment.tracking_number, events=events, **fields), source)


@pytest.fixture
def parcel():
    part = make_fulfilment()
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    return make_shipment(make_carrier(), part, handed_over_at=NOW - timedelta(days=3), last_event_at=None)


def test_events_move_the_parcel_and_its_order(parcel):
    counts = ingest([arrival(parcel, event(1, S.DELIVERED), event(5, S.OUT_FOR_DELIVERY))], at=NOW)
    parcel.refresh_from_db()
    parcel.fulfilment.refresh_from_db()
    assert (counts.new_events, counts.changed) == (2, 1)
    assert parcel.status == S.DELIVERED
    assert parcel.delivered_at == parcel.last_event_at == NOW - timedelta(hours=1)
    assert parcel.next_poll_at is None
    assert parcel.fulfilment.status == FulfilmentStatus.DELIVERED
    told = OutboxEvent.objects.get(name="logistics.status_changed")
    assert told.payload["changes"] == {str(parcel.pk): ["in_transit", "delivered"]}


def test_the_same_news_again_changes_nothing(parcel):
    news = arrival(parcel, event(1, S.OUT_FOR_DELIVERY), event(5, S.IN_TRANSIT))
    assert ingest([news], at=NOW).new_events == 2
    assert ingest([news], at=NOW).new_events == 0
    push = arrival(parcel, event(1, S.OUT_FOR_DELIVERY), source=EventSource.PUSH)
    assert ingest([push, push, news], at=NOW).new_events == 0
    assert TrackingEvent.objects.count() == 2
    assert OutboxEvent.objects.filter(name="logistics.status_changed").count() == 1


def test_the_latency_of_each_event_can_be_read_from_its_row(parcel):
    ingest([arrival(parcel, event(2, S.IN_TRANSIT))], at=NOW)
    row = TrackingEvent.objects.get()
    assert row.ingested_at - row.occurred_at == timedelta(hours=2)


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_pieces_in_any_order_end_in_the_same_state(parcel, order):
    pieces = [
        event(40, S.PICKED_UP), event(20, S.ATTEMPT_FAILED), event(5, S.OUT_FOR_DELIVERY), event(1, S.DELIVERED),
    ]  # fmt: skip
    for index in order:
        ingest([arrival(parcel, pieces[index])], at=NOW)
    parcel.refresh_from_db()
    assert parcel.status == S.DELIVERED
    assert parcel.failed_attempt_count == 1
    assert parcel.delivered_at == NOW - timedelta(hours=1)
    assert not Case.objects.filter(status="open").exists()


def test_news_without_events_counts_as_a_check(parcel):
    ingest([Arrival(parcel.pk, TrackResult(parcel.tracking_number, found=False), EventSource.POLL)], at=NOW)
    parcel.refresh_from_db()
    assert parcel.last_checked_at == NOW
    assert parcel.next_poll_at > NOW
    assert parcel.status == S.IN_TRANSIT


def test_the_carriers_own_estimate_and_correction_are_kept(parcel):
    soon = NOW + timedelta(days=1)
    ingest([arrival(parcel, event(1, S.IN_TRANSIT), estimated_delivery_at=soon, company="yunda")], at=NOW)
    parcel.refresh_from_db()
    assert (parcel.estimated_delivery_at, parcel.company_code) == (soon, "yunda")


@pytest.mark.parametrize(
    ("status", "case_type"),
    [
        (S.ATTEMPT_FAILED, "logistics.delivery_attempt_failed"),
        (S.EXCEPTION, "logistics.parcel_exception"),
        (S.RETURNING, "logistics.parcel_exception"),
        (S.LOST, "logistics.parcel_exception"),
    ],
)
def test_trouble_opens_a_case_and_delivery_ends_it(parcel, status, case_type):
    ingest([arrival(parcel, event(9, status))], at=NOW)
    case = Case.objects.get()
    assert (case.type, case.subject_id, case.status) == (case_type, parcel.pk, "open")
    assert case.scope_warehouse_id == parcel.warehouse_id
    assert case.cause_at == NOW - timedelta(hours=9)
    ingest([arrival(parcel, event(9, status), event(1, S.DELIVERED))], at=NOW)
    case.refresh_from_db()
    assert case.status == "verified"


def test_delivery_of_a_parcel_whose_order_was_cancelled_harms_nothing_else(parcel):
    other = make_fulfilment()
    stray = make_shipment(parcel.carrier, other)  # still being picked: it can't be delivered
    ingest([arrival(stray, event(1, S.DELIVERED)), arrival(parcel, event(1, S.DELIVERED))], at=NOW)
    parcel.fulfilment.refresh_from_db()
    other.refresh_from_db()
    assert parcel.fulfilment.status == FulfilmentStatus.DELIVERED
    assert other.status == FulfilmentStatus.RELEASED


def test_events_are_append_only(parcel):
    ingest([arrival(parcel, event(1, S.IN_TRANSIT))], at=NOW)
    for change in (lambda: TrackingEvent.objects.update(description=""), lambda: TrackingEvent.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_statements_do_not_grow_with_the_parcels():
    parts = make_fulfilments(12)
    carrier = make_carrier()
    for part in parts:
        pack(part)
    record_shipped(fulfilment_ids=[part.pk for part in parts])
    parcels = [make_shipment(carrier, part) for part in parts]
    few, many = parcels[:2], parcels[2:]

    def statements(of):
        news = [arrival(parcel, event(3, S.IN_TRANSIT), event(1, S.EXCEPTION)) for parcel in of]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ingest(news, at=NOW)
        return len(queries)

    assert statements(few) == statements(many)
    with CaptureQueriesContext(connection) as queries:
        ingest([arrival(p, event(3, S.IN_TRANSIT), event(1, S.EXCEPTION)) for p in many], at=NOW)
    assert len(queries) <= 6  # nothing new: look, lock, save
    assert Shipment.objects.filter(status=S.EXCEPTION).count() == 12


@pytest.mark.parametrize(
    ("scans", "status"),
    [
        ([(5, S.PICKED_UP)], FulfilmentStatus.SHIPPED),
        ([(5, S.PICKED_UP), (1, S.DELIVERED)], FulfilmentStatus.DELIVERED),
    ],
)
def test_a_parcel_scanned_before_it_was_said_to_be_packed_goes_on_once_it_is(scans, status):
    part = make_fulfilment()
    parcel = make_shipment(make_carrier(), part, status=S.LABEL_CREATED, tracking_number="TRK-EARLY")
    ingest([arrival(parcel, *(event(hours, what) for hours, what in scans))], at=NOW)
    part.refresh_from_db()
    assert part.status == FulfilmentStatus.RELEASED
    pack(part)
    drain(only=["outbox.relay"])
    part.refresh_from_db()
    assert (part.status, part.shipped_at is not None) == (status, True)

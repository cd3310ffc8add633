"""Pushes: believed only when signed, kept as they came, taken in once."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from core.stages import drain
from logistics.codes import INGEST, POLL
from logistics.enums import PushState, ShipmentStatus
from logistics.models import PushMessage, Shipment, TrackingEvent, TransitTime
from logistics.services.calling import push_url
from logistics.services.pushes import KEPT_FOR, forget_old, ingest_batch, old_due, read_again
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment, pack
from tests.logistics.test_wire import MESSAGE, push, trace
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

S = ShipmentStatus
FORM = "application/x-www-form-urlencoded"
SALT = "sandbox-salt"


@pytest.fixture
def parcel():
    return make_shipment(make_carrier(supports_push=True), make_fulfilment(), tracking_number="SF1")


def send(client, body, code="sf"):
    return client.post(f"/hooks/kuaidi100/{code}", data=body, content_type=FORM)


def message(*traces, **fields):
    return MESSAGE | {"lastResult": {"nu": "SF1", "com": "shunfeng", "state": "0", "data": list(traces)}} | fields


def test_a_push_is_answered_kept_and_taken_in(client, parcel):
    body = push(message(trace("派件", "2026-03-02 12:00:00", status="派件")), SALT)
    answer = send(client, body)
    assert answer.status_code == 200
    assert answer.json() == {"result": True, "returnCode": "200", "message": "成功"}
    kept = PushMessage.objects.get()
    assert kept.body == body.decode()
    assert (kept.state, TrackingEvent.objects.count()) == (PushState.RECEIVED, 0)
    assert ingest_batch(10) == 1
    parcel.refresh_from_db()
    kept.refresh_from_db()
    assert (kept.state, parcel.status) == (PushState.INGESTED, S.OUT_FOR_DELIVERY)
    assert parcel.last_checked_at
    assert TrackingEvent.objects.get().source == "push"


def test_the_hook_needs_no_more_than_two_statements(client, parcel, django_assert_max_num_queries):
    body = push(message(trace("派件")), SALT)
    with django_assert_max_num_queries(4):  # the carrier, and the message within a savepoint
        send(client, body)


def test_the_same_push_again_is_counted_not_kept_twice(client, parcel):
    body = push(message(trace("派件", status="派件")), SALT)
    for _ in range(3):
        assert send(client, body).status_code == 200
    assert PushMessage.objects.get().seen_count == 3
    ingest_batch(10)
    send(client, body)
    assert ingest_batch(10) == 0
    assert TrackingEvent.objects.count() == 1


@pytest.mark.parametrize("body", [push(message(), "wrong"), b"", b"param=%7B%7D&sign=AA"])
def test_a_push_that_is_not_signed_by_the_carrier_changes_nothing(client, parcel, body):
    answer = send(client, body)
    assert answer.status_code == 403
    assert answer.json()["result"] is False
    assert not PushMessage.objects.exists()


def test_pushes_for_nobody(client, parcel):
    body = push(message(), SALT)
    assert send(client, body, "unknown").status_code == 404
    assert client.get("/hooks/kuaidi100/sf").status_code == 405


def test_a_carrier_that_is_switched_off_still_tells_of_parcels_under_way(client, parcel):
    type(parcel.carrier).objects.update(is_active=False)
    assert send(client, push(message(trace("派件", status="派件")), "wrong")).status_code == 403
    assert send(client, push(message(trace("派件", "2026-03-02 12:00:00", status="派件")), SALT)).status_code == 200
    drain(only=[INGEST])
    parcel.refresh_from_db()
    assert (parcel.status, PushMessage.objects.get().state) == (S.OUT_FOR_DELIVERY, PushState.INGESTED)


def test_a_push_over_the_limit_is_refused(client, parcel):
    assert send(client, b"x" * (1024 * 1024 + 1)).status_code == 413


def test_a_signed_push_that_cannot_be_read_is_kept_to_be_looked_at(client, parcel):
    assert send(client, push({"status": "polling"}, SALT)).status_code == 200
    kept = PushMessage.objects.get()
    assert kept.state == PushState.FAILED
    assert kept.error
    assert ingest_batch(10) == 0


def test_a_push_about_a_stranger_fails_alone_and_can_be_read_again(client, parcel):
    send(client, push(message(trace("派件", status="派件")), SALT))
    stranger = MESSAGE | {"lastResult": {"nu": "SF2", "com": "shunfeng", "state": "0", "data": [trace("到达")]}}
    send(client, push(stranger, SALT))
    assert ingest_batch(10) == 2
    failed = PushMessage.objects.get(state=PushState.FAILED)
    assert "SF2" in failed.error
    assert PushMessage.objects.filter(state=PushState.INGESTED).count() == 1
    other = make_shipment(parcel.carrier, make_fulfilment(), tracking_number="SF2")
    assert read_again(message_ids=[failed.pk]) == 1
    assert ingest_batch(10) == 1
    assert TrackingEvent.objects.filter(shipment=other).exists()


def test_pushes_out_of_order_end_in_the_right_state(client, parcel):
    newer = message(
        trace("签收", "2026-03-02 18:00:00", status="签收"), trace("派件", "2026-03-02 12:00:00", status="派件")
    )
    older = message(trace("到达", "2026-03-02 06:00:00", status="在途"))
    for body in (newer, older):
        send(client, push(body, SALT))
        ingest_batch(10)
    parcel.refresh_from_db()
    assert parcel.status == S.DELIVERED
    assert TrackingEvent.objects.count() == 3


def test_abort_asks_for_a_new_subscription_and_a_correction_is_kept(client, parcel):
    send(client, push(message(status="abort"), SALT))
    ingest_batch(10)
    parcel.refresh_from_db()
    assert parcel.subscribe_due
    send(client, push(message(trace("到达"), autoCheck="1", comOld="shunfeng", comNew="yunda"), SALT))
    ingest_batch(10)
    parcel.refresh_from_db()
    assert parcel.company_code == "yunda"


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_pushes_a_subscribed_parcel_to_its_end(live_server, sandbox, settings):
    """Subscription, pushes over HTTP into a running server, abort and a second subscription."""
    settings.PUBLIC_BASE_URL = live_server.url
    carrier = make_carrier(base_url=sandbox.url, supports_push=True)
    number = sandbox.parcel()
    parcel = make_shipment(carrier, make_fulfilment(), tracking_number=number, subscribe_due=True)
    drain(only=[POLL])
    parcel.refresh_from_db()
    assert not parcel.subscribe_due
    sandbox.control("advance", {"hours": 30})
    wait_until(lambda: PushMessage.objects.count() >= 2)
    drain(only=[INGEST])
    parcel.refresh_from_db()
    assert parcel.status == S.IN_TRANSIT
    assert TrackingEvent.objects.filter(source="push").exists()

    sandbox.control("abort", {"number": number})
    wait_until(lambda: PushMessage.objects.filter(body__contains="abort").exists())
    drain(only=[INGEST])
    assert Shipment.objects.get().subscribe_due
    Shipment.objects.update(next_poll_at=timezone.now())
    drain(only=[POLL])
    sandbox.fault("repeat", path="push")
    sandbox.control("advance", {"hours": 200})
    wait_until(lambda: PushMessage.objects.filter(body__contains="shutdown", seen_count=2).exists())
    drain(only=[INGEST])
    parcel.refresh_from_db()
    assert parcel.status == S.DELIVERED
    assert sandbox.control()["pushes"]["failed"] == 0


def test_our_address_for_pushes_is_the_one_that_carriers_are_given(parcel, settings):
    assert push_url(parcel.carrier) == settings.PUBLIC_BASE_URL + reverse("logistics_hooks:kuaidi100", args=["sf"])


def test_a_parcel_that_the_carrier_scans_before_hand_over_is_promised_a_date_too(client):
    carrier = make_carrier(supports_push=True)
    TransitTime.objects.create(carrier=carrier, country="CN", days=3)
    part = make_fulfilment()
    pack(part)
    parcel = make_shipment(carrier, part, status=S.LABEL_CREATED, tracking_number="SF1")
    scanned = f"{timezone.now().astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"
    send(client, push(message(trace("揽收", scanned, status="揽收")), SALT))
    drain(only=[INGEST, "outbox.relay"])
    parcel.refresh_from_db()
    assert parcel.status == S.PICKED_UP
    assert parcel.handed_over_at
    assert parcel.estimated_at_handover == parcel.estimated_delivery_at
    assert parcel.estimated_at_handover
    assert 2 < (parcel.estimated_at_handover - parcel.handed_over_at) / timedelta(days=1) < 4


def test_a_push_read_long_ago_is_deleted_and_its_events_stay(client, parcel):
    for n, place in enumerate(("A", "B", "C")):
        send(client, push(message(trace(f"到达 {place}", f"2026-03-02 1{n}:00:00")), SALT))
    ingest_batch(10)
    old, unread, recent = PushMessage.objects.order_by("id").values_list("pk", flat=True)
    events = TrackingEvent.objects.count()
    PushMessage.objects.filter(pk__in=[old, unread]).update(ingested_at=timezone.now() - KEPT_FOR - timedelta(hours=1))
    read_again(message_ids=[unread])
    assert (old_due().count, old_due().oldest_at) == (1, None)
    assert forget_old(10) == 1
    assert set(PushMessage.objects.values_list("pk", flat=True)) == {unread, recent}
    assert (old_due().count, TrackingEvent.objects.count()) == (0, events)

"""Parcels that never arrive: their order says so, and goods or money go to the customer."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.models import Case
from core.exceptions import DomainError
from core.stages import drain
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.codes import PARCEL_EXCEPTION
from logistics.console import _in_trouble
from logistics.enums import EventSource, ShipmentStatus
from logistics.services.ingest import Arrival, ingest
from logistics.services.problems import replace_lost, settle_problem, write_off
from logistics.views.shipments import TROUBLE
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import Order
from orders.services.fulfilment import record_delivery, record_shipped
from tests.factories.accounts import make_user
from tests.factories.inventory import stock
from tests.factories.logistics import PIPELINE, make_carrier, make_fulfilment, make_shipment, pack

pytestmark = pytest.mark.django_db

S = ShipmentStatus


def send(part, status=S.IN_TRANSIT, **fields):
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    return make_shipment(make_carrier(f"c{part.pk}"), part, status=status, **fields)


@pytest.fixture
def part(db):
    return make_fulfilment()


def told(parcel, status):
    event = TrackEvent(timezone.now(), "news", status)
    ingest([Arrival(parcel.pk, TrackResult(parcel.tracking_number, events=(event,)), EventSource.POLL)],
           at=timezone.now())  # fmt: skip
    parcel.refresh_from_db()


def test_a_lost_parcel_is_replaced_and_its_order_goes_the_way_again(part):
    parcel = send(part)
    told(parcel, S.LOST)
    assert Case.objects.get().type == PARCEL_EXCEPTION
    order = Order.objects.get()
    approved_at, line = order.approved_at, part.lines.get()
    stock(part.warehouse, line.sku, 1)
    replace_lost(shipment_id=parcel.pk, actor=SYSTEM)
    order.refresh_from_db()
    assert (order.status, order.approved_at) == (OrderStatus.APPROVED, approved_at)
    drain(only=PIPELINE)
    again = order.fulfilments.get(status=FulfilmentStatus.RELEASED)
    assert list(again.lines.values_list("sku_id", "quantity")) == [(line.sku_id, line.quantity)]
    part.refresh_from_db()
    assert (part.status, again.pk != part.pk) == (FulfilmentStatus.CANCELLED, True)
    pack(again)
    record_delivery(fulfilment_ids=[again.pk])
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    call_command("reconcile_stock", stdout=StringIO())
    with pytest.raises(DomainError):
        replace_lost(shipment_id=parcel.pk, actor=SYSTEM)


def test_the_lost_parcel_turning_up_after_all_moves_nothing(part):
    parcel = send(part, S.LOST, tracking_number="L1")
    replace_lost(shipment_id=parcel.pk, actor=SYSTEM)
    told(parcel, S.DELIVERED)
    assert (parcel.status, Order.objects.get().status) == (S.DELIVERED, OrderStatus.APPROVED)


def test_without_stock_the_replacement_waits_and_the_order_says_so(part):
    parcel = send(part, S.LOST, tracking_number="L1")
    replace_lost(shipment_id=parcel.pk, actor=SYSTEM)
    drain(only=PIPELINE)
    order = Order.objects.get()
    assert order.status == OrderStatus.APPROVED
    assert order.fulfilments.filter(status=FulfilmentStatus.BACKORDERED).exists()


def test_a_refund_ends_the_order_of_a_single_parcel(part):
    parcel = send(part, S.EXPIRED, tracking_number="L1")
    write_off(shipment_id=parcel.pk, reason="carrier pays", actor=SYSTEM)
    order = Order.objects.get()
    assert order.status == OrderStatus.CANCELLED
    assert order.history.filter(to_status=OrderStatus.CANCELLED, fulfilment=None, reason="carrier pays").exists()
    call_command("reconcile_stock", stdout=StringIO())


@pytest.mark.parametrize(("other", "then"), [("shipped", OrderStatus.SHIPPED), ("delivered", OrderStatus.DELIVERED)])
def test_a_refund_of_one_parcel_leaves_the_order_as_far_as_the_others(part, other, then):
    parcel = send(part, S.LOST, tracking_number="L1")
    part.order.fulfilments.create(
        number="X-2", warehouse=part.warehouse, status=other, created_at=timezone.now(), shipped_at=timezone.now(),
        delivered_at=timezone.now() if other == "delivered" else None,
    )  # fmt: skip
    write_off(shipment_id=parcel.pk, reason="paid back", actor=SYSTEM)
    assert Order.objects.get().status == then


def test_while_something_is_still_to_be_sent_nothing_is_written_off(part):
    parcel = send(part, S.LOST, tracking_number="L1")
    part.order.fulfilments.create(number="X-2", warehouse=part.warehouse, status="released", created_at=timezone.now())
    with pytest.raises(DomainError, match="still to be sent"):
        write_off(shipment_id=parcel.pk, reason="paid back", actor=SYSTEM)
    part.refresh_from_db()
    assert part.status == FulfilmentStatus.SHIPPED


@pytest.mark.parametrize("status", [S.IN_TRANSIT, S.RETURNING, S.DELIVERED])
def test_a_parcel_that_may_still_come_is_neither_replaced_nor_written_off(part, status):
    parcel = send(part, status, tracking_number="L1")
    for act in (replace_lost, write_off):
        with pytest.raises(DomainError):
            act(shipment_id=parcel.pk, actor=SYSTEM, **({"reason": "x"} if act is write_off else {}))
    part.refresh_from_db()
    assert part.status == FulfilmentStatus.SHIPPED


def test_a_parcel_that_nobody_heard_of_for_sixty_days_expires_with_a_case(part):
    now = timezone.now()
    parcel = send(part, last_event_at=now - timedelta(days=61))
    ingest([Arrival(parcel.pk, TrackResult(parcel.tracking_number, found=False), EventSource.POLL)], at=now)
    parcel.refresh_from_db()
    case = Case.objects.get()
    assert (parcel.status, case.type, case.summary_code) == (S.EXPIRED, PARCEL_EXCEPTION, "expired")
    assert parcel.next_poll_at is None
    told(parcel, S.DELIVERED)
    case.refresh_from_db()
    assert (parcel.status, case.status) == (S.DELIVERED, "verified")


def test_the_orders_page_says_that_its_parcel_is_lost_and_leads_to_the_decision(part, client):
    parcel = send(part)
    told(parcel, S.LOST)
    client.force_login(make_user(is_superuser=True))
    page = client.get(reverse("orders:order_detail", args=[part.order_id])).content.decode()
    assert "The carrier lost the parcel" in page
    assert reverse("cases:case_detail", args=[Case.objects.get().pk]) in page


def test_settled_parcels_arent_in_trouble_any_more(client, part):
    parcel = send(part, tracking_number="LOST1")
    told(parcel, S.LOST)
    somebody = make_user(is_superuser=True)
    client.force_login(somebody)
    trouble = reverse("logistics:shipment_list") + f"?{TROUBLE}"
    assert _in_trouble(somebody) == 1
    assert "LOST1" in client.get(trouble).content.decode()
    settle_problem(shipment_id=parcel.pk, reason="refunded", actor=SYSTEM)
    assert _in_trouble(somebody) == 0
    assert "LOST1" not in client.get(trouble).content.decode()
    assert "LOST1" in client.get(trouble.replace("settled=false", "settled=true")).content.decode()


@pytest.mark.parametrize(("typed", "found"), [("China", True), ("cn", True), ("中国", True), ("Germany", False)])
def test_parcels_are_filtered_by_a_country_s_name_or_code(client, part, typed, found):
    send(part, tracking_number="CN1")
    client.force_login(make_user(is_superuser=True))
    page = client.get(
        reverse("logistics:shipment_list"), {"destination_country": typed, "view": "all"}
    ).content.decode()
    assert ("CN1" in page) == found
    assert (">China<" in page) == found

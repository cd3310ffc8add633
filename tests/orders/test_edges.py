"""Rare turns of an order's way that must neither lose it nor leave it standing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.cases.models import Case
from core.cases.services import resolve
from core.exceptions import DomainError
from core.stages import drain
from inventory.models import Sku, StockDemand, StockLevel
from inventory.rules.stock import StockReceipt
from inventory.services import receive_stock
from orders.codes import CUSTOMER_CANCELLATION, OUT_OF_STOCK
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus, PaymentStatus
from orders.models import Channel, DataError, FulfilmentOrder, Hold, Order
from orders.services import fulfilment, holds
from orders.services.approval import approve_order
from orders.services.backorders import retry_orders, watch_batch
from orders.services.cancel import cancel_order, request_cancellation
from orders.services.edit import edit_line, edit_order
from orders.services.holds import hold_order, release_all_holds, release_hold
from orders.services.payments import record_payment
from orders.services.release import release_batch
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import make_sku
from tests.factories.orders import make_channel, make_order, payload

pytestmark = pytest.mark.django_db

STAGES = ["orders.validate", "orders.allocate", "orders.release"]


def run() -> None:
    drain(only=STAGES)


def person() -> Actor:
    return Actor.for_user(make_user(Role.ORDER_CLERK))


def again(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def pack(part: FulfilmentOrder) -> None:
    actor = person()
    fulfilment.pick_and_check_all(fulfilment_id=part.pk, actor=actor)
    fulfilment.record_packed(fulfilment_id=part.pk, weight_g=0, actor=actor)


@pytest.fixture
def partly_released(channel, sku) -> Order:
    """12 of 10 units: ten are in the warehouse, two wait for stock."""
    order = make_order(channel, ("MUG", 12))
    run()
    return again(order)


@pytest.fixture
def partly_shipped(partly_released) -> Order:
    part = partly_released.fulfilments.get(status=FulfilmentStatus.RELEASED)
    pack(part)
    fulfilment.record_shipped(fulfilment_ids=[part.pk])
    return again(partly_released)


# Parts


def test_a_customer_who_cancels_waits_for_a_person_once_a_part_is_in_the_warehouse(partly_released):
    order = partly_released
    assert not request_cancellation(order_id=order.pk, at=datetime.now(UTC), actor=SYSTEM, reason="changed their mind")
    assert again(order).status == OrderStatus.APPROVED
    assert order.fulfilments.filter(status=FulfilmentStatus.RELEASED).exists()
    assert Case.objects.filter(type=CUSTOMER_CANCELLATION, subject_id=order.pk).exists()


def test_cancelling_a_partly_shipped_order_cancels_the_rest(partly_shipped, sku):
    assert partly_shipped.status == OrderStatus.PARTIALLY_SHIPPED
    cancel_order(order_id=partly_shipped.pk, actor=person(), reason="no more of them")
    order = again(partly_shipped)
    statuses = sorted(order.fulfilments.values_list("status", flat=True))
    assert (order.status, statuses) == (OrderStatus.SHIPPED, ["cancelled", "shipped"])
    assert (order.shipped_at, order.cancelled_at) == (order.fulfilments.get(status="shipped").shipped_at, None)
    assert order.released_at
    assert not StockDemand.objects.exists()
    fulfilment.record_delivery(fulfilment_ids=[order.fulfilments.get(status="shipped").pk])
    assert again(order).status == OrderStatus.DELIVERED
    call_command("reconcile_stock")


def test_the_rest_of_an_order_whose_parcels_have_arrived_can_be_cancelled(partly_shipped):
    part = partly_shipped.fulfilments.get(status=FulfilmentStatus.SHIPPED)
    fulfilment.record_delivery(fulfilment_ids=[part.pk])
    case = Case.objects.get(type=OUT_OF_STOCK)
    actor = Actor.for_user(make_superuser())
    resolve(case_id=case.pk, resolution="cancel", actor=actor, params={"reason": "no more of them"})
    order = again(partly_shipped)
    part.refresh_from_db()
    assert (order.status, order.delivered_at) == (OrderStatus.DELIVERED, part.delivered_at)


def test_trying_a_shipped_part_s_order_again_doesn_t_keep_it_open(channel, sku):
    order = make_order(channel, ("MUG", 1))
    run()
    part = order.fulfilments.get()
    pack(part)
    retry_orders(order_ids=[order.pk], at=datetime.now(UTC))
    fulfilment.record_shipped(fulfilment_ids=[part.pk])
    run()
    assert again(order).status == OrderStatus.SHIPPED


def test_a_part_that_needs_no_stock_any_more_doesn_t_keep_the_order_open(partly_shipped, sku):
    Sku.objects.filter(pk=sku.pk).update(is_stocked=False)
    retry_orders(order_ids=[partly_shipped.pk], at=datetime.now(UTC))
    run()
    assert again(partly_shipped).status == OrderStatus.SHIPPED
    assert not FulfilmentOrder.objects.filter(status=FulfilmentStatus.BACKORDERED).exists()
    assert not StockDemand.objects.exists()


def test_the_rest_of_a_partly_shipped_order_follows_when_stock_arrives(partly_shipped, warehouse, sku):
    receive_stock([StockReceipt(warehouse.pk, sku.pk, 5)])
    drain(only=[*STAGES, "outbox.relay"])
    rest = partly_shipped.fulfilments.get(status=FulfilmentStatus.RELEASED)
    pack(rest)
    fulfilment.record_shipped(fulfilment_ids=[rest.pk])
    assert again(partly_shipped).status == OrderStatus.SHIPPED


# Validation and what goes on without it


def test_an_order_isn_t_complete_with_a_line_that_nobody_knows(channel, sku):
    order = make_order(channel, ("WHAT", 1))
    run()
    with pytest.raises(DomainError):
        release_all_holds(order_id=order.pk, actor=person(), note="fine")
    run()
    assert again(order).status == OrderStatus.PENDING_REVIEW
    unvalidated = make_order(channel, ("WHAT", 2))
    with pytest.raises(DomainError):
        approve_order(order_id=unvalidated.pk, actor=person())


def test_an_edited_order_isn_t_released_before_it_is_validated(channel, sku):
    order = make_order(channel, ("MUG", 1))
    drain(only=["orders.validate", "orders.allocate"])
    edit_order(order_id=order.pk, changes={"ship_city": "杭洲市"}, actor=person())
    assert release_batch(10) == 0
    run()
    assert again(order).released_at is None
    assert order.holds.get(released_at=None).reason == HoldReason.ADDRESS


def test_a_second_person_hears_that_the_order_was_cancelled_already(channel, sku):
    order = make_order(channel, ("MUG", 1))
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="by mistake")
    with pytest.raises(DomainError) as refused:
        cancel_order(order_id=order.pk, actor=person(), reason="by mistake")
    assert (refused.value.code, str(refused.value)) == ("cancelled", "This order has been cancelled already.")


def test_a_payment_for_a_cancelled_order_wakes_nothing(channel, sku):
    order = make_order(channel, ("MUG", 1), payment={"status": "unpaid"}, total="99.00")
    run()
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="by mistake")
    record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=person())
    run()
    order = again(order)
    assert (order.validate_due_at, order.open_hold_count) == (None, 0)


def test_what_was_accepted_after_a_correction_stays_accepted(channel, sku):
    order = make_order(channel, ("MUG", 1), total="99.00")
    run()
    edit_order(order_id=order.pk, changes={"total": Decimal("98.00")}, actor=person())
    run()
    hold = order.holds.get()
    release_hold(hold_id=hold.pk, actor=person(), note="agreed on the phone")
    hold.refresh_from_db()
    assert hold.value_changed is True
    Order.objects.filter(pk=order.pk).update(validate_due_at=datetime.now(UTC))
    drain(only=["orders.validate"])
    assert again(order).open_hold_count == 0
    edit_order(order_id=order.pk, changes={"total": Decimal("99.00")}, actor=person())
    drain(only=["orders.validate"])
    assert again(order).open_hold_count == 1


def test_an_order_that_a_rule_trips_over_stops_no_other(channel, sku):
    Channel.objects.filter(pk=channel.pk).update(settings={"limits": {"total": "a lot"}, "currencies": ["CNY"]})
    broken = make_order(make_channel("odd", settings={"limits": {"total": "NaN"}}), ("MUG", 1))
    order = make_order(channel, ("MUG", 2))
    run()
    assert again(order).status == OrderStatus.APPROVED
    broken = again(broken)
    assert broken.status == OrderStatus.PENDING_REVIEW
    assert broken.validate_due_at > datetime.now(UTC)


# Corrections


def test_the_contact_of_an_order_on_its_way_can_be_corrected_but_not_its_sums(partly_shipped):
    edit_order(order_id=partly_shipped.pk, changes={"ship_street": "文三路 91 号"}, actor=person())
    with pytest.raises(DomainError):
        edit_order(order_id=partly_shipped.pk, changes={"total": Decimal("1.00")}, actor=person())
    order = again(partly_shipped)
    assert (order.ship_street, order.total) == ("文三路 91 号", partly_shipped.total)
    assert DataError.objects.get(order=order).field == "ship_street"


def test_a_corrected_address_makes_it_another_order(channel, sku):
    body = payload(("MUG", 1))
    first = make_order(channel, **body)
    twice = make_order(channel, **body | {"external_id": "TWICE"})
    run()
    assert again(twice).holds.get().reason == HoldReason.DUPLICATE
    edit_order(order_id=twice.pk, changes={"ship_street": "文三路 91 号"}, actor=person())
    run()
    assert again(twice).status == OrderStatus.APPROVED
    assert again(twice).duplicate_key != again(first).duplicate_key


def test_a_corrected_line_makes_it_another_order_and_back(channel, sku):
    body = payload(("MUG", 1))
    first = make_order(channel, **body)
    other = make_order(channel, **body | {"external_id": "OTHER"})
    line = other.lines.get()
    edit_line(order_id=other.pk, line_id=line.pk, changes={"quantity": 2}, actor=person())
    assert again(other).duplicate_key != again(first).duplicate_key
    edit_line(order_id=other.pk, line_id=line.pk, changes={"quantity": 1}, actor=person())
    assert again(other).duplicate_key == again(first).duplicate_key


@pytest.mark.parametrize(
    ("total", "tax", "expected_tax", "expected_total"),
    [
        ("14.00", "4.00", "3.00", "23.00"),  # tax on top, 1.00 of it for the shipping
        ("10.00", "4.00", "3.00", "20.00"),  # the prices include it
    ],
)
def test_totals_follow_a_corrected_line(channel, sku, total, tax, expected_tax, expected_total):
    line = {"sku": "MUG", "quantity": 1, "unit_price": "10.00", "tax": "3.00"}
    order = make_order(channel, lines=[line], tax=tax, total=total)
    edit_line(
        order_id=order.pk,
        line_id=order.lines.get().pk,
        changes={"quantity": 2, "tax": Decimal("2.00")},
        actor=person(),
    )
    order = again(order)
    assert (order.items_total, order.tax, order.total) == (
        Decimal("20.00"),
        Decimal(expected_tax),
        Decimal(expected_total),
    )


# Nothing to send, nowhere to send from


def test_services_only_are_complete_at_once(channel, db):
    make_sku("GIFT", is_stocked=False, unit_price="10.00")
    order = make_order(channel, ("GIFT", 1))
    run()
    assert again(order).status == OrderStatus.COMPLETED


def test_with_all_warehouses_closed_orders_wait_and_go_on_when_one_opens(channel, warehouse, sku):
    type(warehouse).objects.update(is_active=False)
    order = make_order(channel, ("MUG", 1))
    run()
    assert order.fulfilments.get().status == FulfilmentStatus.BACKORDERED
    type(warehouse).objects.update(is_active=True)
    later = datetime.now(UTC) + timedelta(seconds=1)
    StockLevel.objects.update(updated_at=later)
    drain(only=[*STAGES, "orders.backorder_watch"])
    assert order.fulfilments.get().status == FulfilmentStatus.RELEASED


# Held until a date


def test_a_hold_that_somebody_released_just_now_stops_no_other(channel, sku, monkeypatch):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    orders = [make_order(channel, ("MUG", quantity)) for quantity in (1, 2)]
    for order in orders:
        hold_order(order_id=order.pk, reason=HoldReason.UNTIL_DATE, actor=person(), until=tomorrow)
    Hold.objects.update(until=datetime.now(UTC))
    first = orders[0].holds.get()
    release = holds.release_hold

    def late(**arguments):
        if arguments["hold_id"] == first.pk:
            release(hold_id=first.pk, actor=person())
        return release(**arguments)

    monkeypatch.setattr(holds, "release_hold", late)
    assert holds.release_due_batch(10) == 2, "looked at, so that the stage goes on with those behind"
    assert not Hold.objects.filter(released_at=None).exists()
    assert holds.release_due_batch(10) == 0


def test_the_watch_finds_every_order_that_an_event_missed(channel, warehouse, sku):
    orders = [make_order(channel, ("MUG", quantity)) for quantity in (11, 12, 13)]
    run()
    rest = FulfilmentOrder.objects.filter(status=FulfilmentStatus.BACKORDERED)
    assert rest.count() == 3
    receive_stock([StockReceipt(warehouse.pk, sku.pk, 50)])
    assert [watch_batch(2), watch_batch(2), watch_batch(2)] == [2, 1, 0]
    run()
    assert not rest.exists()
    assert all(again(order).released_at for order in orders)

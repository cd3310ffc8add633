"""An order's way from intake to delivery, on the real database, through the real stages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.cases.models import Case
from core.exceptions import DomainError
from core.stages import drain
from inventory.models import Reservation, StockLevel
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus, PaymentStatus
from orders.models import DataError, Finding, FulfilmentOrder, Hold, Order
from orders.services import cancel, edit, fulfilment, holds, payments
from orders.services.allocate import allocate_batch
from orders.services.approval import unapprove_order
from orders.services.release import release_batch
from orders.services.validate import validate_batch
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db

STAGES = ["orders.validate", "orders.allocate", "orders.release"]


def run() -> None:
    drain(only=STAGES)


def person() -> Actor:
    return Actor.for_user(make_user(Role.ORDER_CLERK))


def test_a_clean_order_is_released_without_a_person(channel, warehouse, sku):
    order = make_order(channel, ("MUG", 3))
    run()
    order.refresh_from_db()
    assert order.status == OrderStatus.APPROVED
    assert order.released_at
    assert order.first_touched_at is None
    part = order.fulfilments.get()
    assert (part.status, part.warehouse) == (FulfilmentStatus.RELEASED, warehouse)
    level = StockLevel.objects.get(sku=sku, warehouse=warehouse)
    assert (level.on_hand, level.reserved, level.available) == (10, 3, 7)
    assert [row.to_status for row in order.history.filter(fulfilment=None).order_by("id")][-1] == "approved"


def test_pick_pack_ship_deliver(channel, warehouse, sku):
    order = make_order(channel, ("MUG", 2))
    run()
    part, picker = order.fulfilments.get(), person()
    fulfilment.start_picking(fulfilment_id=part.pk, actor=picker)
    with pytest.raises(DomainError, match="still to be packed"):
        fulfilment.record_packed(fulfilment_id=part.pk, weight_g=500, actor=picker)
    fulfilment.pick(fulfilment_id=part.pk, sku_id=sku.pk, quantity=2, actor=picker)
    with pytest.raises(DomainError, match="enough"):
        fulfilment.pick(fulfilment_id=part.pk, sku_id=sku.pk, quantity=1, actor=picker)
    with pytest.raises(DomainError, match="Wrong article"):
        fulfilment.check(fulfilment_id=part.pk, sku_id=make_sku("OTHER").pk, quantity=1)
    fulfilment.check(fulfilment_id=part.pk, sku_id=sku.pk, quantity=2)
    fulfilment.record_packed(fulfilment_id=part.pk, weight_g=500, actor=picker)
    fulfilment.record_shipped(fulfilment_ids=[part.pk])
    order.refresh_from_db()
    assert order.status == OrderStatus.SHIPPED
    assert StockLevel.objects.get(sku=sku).on_hand == 8
    assert not Reservation.objects.filter(state="active").exists()
    fulfilment.record_delivery(fulfilment_ids=[part.pk])
    fulfilment.record_delivery(fulfilment_ids=[part.pk])  # told twice, done once
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    call_command("reconcile_stock")


def test_an_address_error_holds_the_order_and_fixing_it_releases_the_hold(channel, sku):
    order = make_order(
        channel, ("MUG", 1), shipping_address=payload(("MUG", 1))["shipping_address"] | {"city": "杭洲市"}
    )
    run()
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_REVIEW
    hold = order.holds.get()
    assert (hold.reason, hold.released_at) == (HoldReason.ADDRESS, None)
    assert Finding.objects.filter(order=order, severity="error").exists()
    case = Case.objects.get(subject_id=order.pk)
    assert case.type == "orders.validation_failed"

    edit.edit_order(order_id=order.pk, changes={"ship_city": "杭州市"}, actor=person())
    run()
    order.refresh_from_db()
    hold.refresh_from_db()
    case.refresh_from_db()
    assert order.status == OrderStatus.APPROVED
    assert hold.released_at
    assert hold.value_changed is True
    assert not order.findings.exists()
    assert case.status in ("verified", "closed")
    assert order.first_touched_at


def test_a_hold_accepted_as_it_is_stays_accepted(channel, sku):
    order = make_order(channel, ("MUG", 1), total="99.00")
    run()
    hold = order.holds.get()
    assert hold.reason == HoldReason.PRICE
    holds.release_hold(hold_id=hold.pk, actor=person(), note="agreed on the phone")
    Order.objects.filter(pk=order.pk).update(validate_due_at=datetime.now(UTC))
    run()
    order.refresh_from_db()
    hold.refresh_from_db()
    assert hold.value_changed is False
    assert order.status == OrderStatus.APPROVED
    assert order.holds.filter(released_at=None).count() == 0


def test_an_unpaid_order_waits_for_its_payment_without_a_case(channel, sku):
    order = make_order(channel, ("MUG", 1), payment={"status": "unpaid"})
    run()
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_PAYMENT
    assert not Case.objects.exists()
    payments.record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=person())
    run()
    order.refresh_from_db()
    assert order.status == OrderStatus.APPROVED


def test_the_same_order_under_another_number_is_held(channel, sku):
    first = payload(("MUG", 1))
    send(channel, first)
    (second,) = send(channel, first | {"external_id": "again"})
    run()
    held = Order.objects.get(number=second.order_number)
    assert held.holds.get().reason == HoldReason.DUPLICATE
    assert Order.objects.exclude(pk=held.pk).get().open_hold_count == 0


def test_an_unknown_sku_is_held_until_the_catalogue_knows_it(channel, warehouse):
    order = make_order(channel, ("NEW-1", 1))
    run()
    assert order.holds.get().reason == HoldReason.STOCK
    stock(warehouse, make_sku("NEW-1", unit_price="10.00", currency="CNY"), 5)
    edit.revalidate(Order.objects.get(pk=order.pk), at=datetime.now(UTC))
    run()
    order.refresh_from_db()
    assert order.released_at


def test_a_backorder_waits_and_is_taken_up_when_stock_arrives(channel, warehouse, sku):
    order = make_order(channel, ("MUG", 14))
    drain()
    parts = {part.status: part for part in order.fulfilments.all()}
    assert set(parts) == {FulfilmentStatus.RELEASED, FulfilmentStatus.BACKORDERED}
    assert parts["released"].lines.get().quantity == 10
    assert parts["backordered"].lines.get().quantity == 4
    order.refresh_from_db()
    assert order.released_at is None
    assert Case.objects.get(subject_id=order.pk).type == "orders.out_of_stock"

    stock(warehouse, sku, 3)
    drain()
    assert order.fulfilments.get(status="backordered").lines.get().quantity == 1
    stock(warehouse, sku, 5)
    drain()
    order.refresh_from_db()
    assert order.released_at
    assert sorted(part.lines.get().quantity for part in order.fulfilments.all()) == [1, 3, 10]
    assert Case.objects.get(subject_id=order.pk).status in ("verified", "closed")
    call_command("reconcile_stock")


def test_orders_go_to_the_nearest_warehouse_that_has_everything(channel, warehouse, sku):
    far = make_warehouse("BJ", country="CN", province="北京市", city="北京市", priority=1)
    stock(far, sku, 100)
    near, big = make_order(channel, ("MUG", 2)), make_order(channel, ("MUG", 20))
    run()
    assert near.fulfilments.get().warehouse == warehouse
    assert big.fulfilments.get().warehouse == far
    chosen = [score for score in big.fulfilments.get().scores if score["chosen"]]
    assert chosen[0]["warehouse"] == "BJ"


def test_three_hundred_buyers_of_ten_units(channel, warehouse, sku):
    send(channel, *[payload(("MUG", 1)) for _ in range(300)])
    run()
    assert FulfilmentOrder.objects.filter(status="released").count() == 10
    assert FulfilmentOrder.objects.filter(status="backordered").count() == 290
    level = StockLevel.objects.get(sku=sku)
    assert (level.on_hand, level.reserved, level.available) == (10, 10, 0)


def test_cancelling_gives_the_stock_back(channel, sku):
    order = make_order(channel, ("MUG", 4))
    run()
    cancel.cancel_order(order_id=order.pk, actor=person(), reason="changed their mind")
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert StockLevel.objects.get(sku=sku).reserved == 0


def test_a_cancellation_after_release_asks_a_person(channel, sku):
    order = make_order(channel, ("MUG", 1))
    run()
    assert not cancel.request_cancellation(order_id=order.pk, at=datetime.now(UTC), actor=SYSTEM, reason="too slow")
    assert Case.objects.get(subject_id=order.pk).type == "orders.customer_cancellation"
    order.refresh_from_db()
    assert order.status == OrderStatus.APPROVED


def test_taking_an_approved_order_back_to_review(channel, sku):
    order = make_order(channel, ("MUG", 1))
    drain(only=["orders.validate", "orders.allocate"])
    unapprove_order(order_id=order.pk, actor=person(), reason="check the size")
    run()
    order.refresh_from_db()
    assert order.status == OrderStatus.PENDING_REVIEW
    assert StockLevel.objects.get(sku=sku).reserved == 0


def test_a_hold_stops_the_release(channel, sku):
    order = make_order(channel, ("MUG", 1))
    drain(only=["orders.validate", "orders.allocate"])
    hold = holds.hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=person(), note="call first")
    run()
    assert order.fulfilments.get().status == FulfilmentStatus.ALLOCATED
    holds.release_hold(hold_id=hold.pk, actor=person(), note="called")
    run()
    assert order.fulfilments.get().status == FulfilmentStatus.RELEASED


def test_a_hold_until_a_date_ends_by_itself(channel, sku):
    order = make_order(channel, ("MUG", 1))
    soon = datetime.now(UTC) + timedelta(hours=1)
    holds.hold_order(order_id=order.pk, reason=HoldReason.UNTIL_DATE, actor=person(), until=soon)
    Hold.objects.update(until=datetime.now(UTC) - timedelta(seconds=1))
    drain()
    order.refresh_from_db()
    assert order.released_at


def test_a_short_pick_corrects_the_ledger_and_tries_elsewhere(channel, warehouse, sku):
    other = make_warehouse("BJ", country="CN", province="北京市", city="北京市")
    stock(other, sku, 10)
    order = make_order(channel, ("MUG", 10))
    run()
    part, picker = order.fulfilments.get(), person()
    assert part.warehouse == warehouse
    fulfilment.start_picking(fulfilment_id=part.pk, actor=picker)
    fulfilment.report_short(fulfilment_id=part.pk, found={part.lines.get().pk: 1}, actor=picker)
    run()
    assert order.fulfilments.exclude(status="cancelled").get().warehouse == other
    assert StockLevel.objects.get(sku=sku, warehouse=warehouse).on_hand == 1
    call_command("reconcile_stock")


def test_a_correction_after_release_counts_as_an_escaped_error(channel, sku):
    order = make_order(channel, ("MUG", 1))
    run()
    edit.edit_order(order_id=order.pk, changes={"ship_street": "文三路 91 号"}, actor=person())
    assert DataError.objects.get(order=order).field == "ship_street"


@pytest.mark.parametrize("stage", [validate_batch, allocate_batch, release_batch])
def test_a_stage_costs_the_same_number_of_statements_for_1_and_50(channel, warehouse, stage):
    stock(warehouse, make_sku("CUP", unit_price="10.00", currency="CNY"), 1000)
    before = {validate_batch: [], allocate_batch: STAGES[:1], release_batch: STAGES[:2]}[stage]
    counts = []
    for size in (1, 50):
        send(channel, *[payload(("CUP", 1)) for _ in range(size)])
        if before:
            drain(only=before)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert stage(500) == size
        counts.append(len(captured))
        run()
    assert counts[0] == counts[1]

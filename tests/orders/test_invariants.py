"""Whatever is done to orders and stock in whatever order: the books agree, and money adds up."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Q, Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts.enums import Role
from core.actor import Actor
from core.exceptions import Conflict, DomainError
from core.stages import drain
from inventory.exceptions import OutOfStock, StockIsReserved
from inventory.models import Reservation, StockLevel
from inventory.rules.stock import StockAdjustment, StockCount, StockReceipt
from inventory.selectors import stock_differences
from inventory.services import adjust_stock, count_stock, receive_stock
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.models import FulfilmentLine, FulfilmentOrder, Order, OrderLine
from orders.services.approval import approve_order, unapprove_order
from orders.services.cancel import cancel_order
from orders.services.edit import edit_line, edit_order
from orders.services.fulfilment import (
    check,
    pick,
    pick_and_check_all,
    record_delivery,
    record_packed,
    record_shipped,
    report_short,
    start_picking,
    stop_picking,
)
from orders.services.holds import hold_order, release_all_holds
from orders.services.lost import replace_parcel, write_off_parcel
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db

STAGES = ("orders.validate", "orders.allocate", "orders.release")
_F = FulfilmentStatus
RESERVED = frozenset({_F.ALLOCATED, _F.RELEASED, _F.PICKING, _F.PACKED})
PLACES = (
    {"ship_city": "宁波市"},
    {"ship_city": "宁波市", "ship_district": "海曙区"},
    {"ship_country": "DE", "ship_city": "Hamburg"},
    {"ship_country": "CN"},
)

WHICH = st.integers(0, 3)  # of the orders, warehouses or SKUs that there are, by remainder
UNITS = st.integers(1, 6)
OPERATIONS = st.one_of(
    st.tuples(st.just("order"), st.lists(st.tuples(st.integers(0, 1), UNITS), min_size=1, max_size=2)),
    st.tuples(st.just("stages")),
    st.tuples(st.just("stage"), st.sampled_from(STAGES)),
    st.tuples(st.just("receive"), WHICH, UNITS),
    st.tuples(st.just("adjust"), WHICH, st.integers(-6, 6).filter(bool)),
    st.tuples(st.just("count"), WHICH, st.integers(0, 9)),
    st.tuples(st.just("hold"), WHICH),
    st.tuples(st.just("unhold"), WHICH),
    st.tuples(st.just("approve"), WHICH),
    st.tuples(st.just("unapprove"), WHICH),
    st.tuples(st.just("correct_place"), WHICH, st.sampled_from(PLACES)),
    st.tuples(st.just("correct_line"), WHICH, UNITS, st.decimals("0.01", "99.99", places=2)),
    st.tuples(st.just("correct_totals"), WHICH, st.decimals("0", "9.99", places=2)),
    st.tuples(st.just("start"), WHICH),
    st.tuples(st.just("stop"), WHICH),
    st.tuples(st.just("pick"), WHICH, UNITS),
    st.tuples(st.just("check"), WHICH, UNITS),
    st.tuples(st.just("pack"), WHICH),
    st.tuples(st.just("short"), WHICH, st.integers(0, 6)),
    st.tuples(st.just("ship"), WHICH),
    st.tuples(st.just("send"), WHICH),
    st.tuples(st.just("deliver"), WHICH),
    st.tuples(st.just("replace"), WHICH),
    st.tuples(st.just("write_off"), WHICH),
    st.tuples(st.just("cancel"), WHICH),
)
REFUSALS = (DomainError, Conflict, OutOfStock, StockIsReserved)


class House:
    """Two warehouses, two SKUs, a shop. What is refused changes nothing."""

    def __init__(self) -> None:
        self.actor = Actor.for_user(make_user(Role.OPERATIONS_MANAGER))
        self.channel = make_channel()
        warehouses = [make_warehouse(country="CN", province="浙江省", city="杭州市"), make_warehouse(country="DE")]
        self.skus = [make_sku(unit_price="10.00", currency="CNY") for _number in range(2)]
        self.places = [(warehouse.pk, sku.pk) for warehouse in warehouses for sku in self.skus]
        receive_stock([StockReceipt(*place, 6) for place in self.places[:3]])
        self.done: list[str] = []

    def run(self, operation: tuple) -> None:
        name, *arguments = operation
        try:
            with transaction.atomic():
                getattr(self, f"do_{name}")(*arguments)
                self.done.append(name)
        except REFUSALS:
            pass

    def order(self, which: int) -> Order:
        orders = list(Order.objects.order_by("-pk"))
        if not orders:
            raise DomainError
        return orders[which % len(orders)]

    def part(self, which: int, *statuses: str) -> FulfilmentOrder:
        """One in such a state if there is one, else any: that too must be refused or right."""
        live = list(FulfilmentOrder.objects.exclude(status=_F.CANCELLED).order_by("-pk"))
        fitting = [part for part in live if part.status in statuses] or live
        if not fitting:
            raise DomainError
        return fitting[which % len(fitting)]

    def do_order(self, lines: list[tuple[int, int]]) -> None:
        make_order(self.channel, *((self.skus[which].code, units) for which, units in lines))

    def do_stages(self) -> None:
        drain(only=list(STAGES))

    def do_stage(self, name: str) -> None:
        drain(only=[name])

    def do_receive(self, which: int, units: int) -> None:
        receive_stock([StockReceipt(*self.places[which], units)])
        drain(only=["outbox.relay"])

    def do_adjust(self, which: int, delta: int) -> None:
        adjust_stock([StockAdjustment(*self.places[which], delta, "Test")], actor=self.actor)

    def do_count(self, which: int, counted: int) -> None:
        count_stock([StockCount(*self.places[which], counted)], actor=self.actor)

    def do_hold(self, which: int) -> None:
        hold_order(order_id=self.order(which).pk, reason=HoldReason.MANUAL, actor=self.actor)

    def do_unhold(self, which: int) -> None:
        release_all_holds(order_id=self.order(which).pk, actor=self.actor, note="Test")

    def do_approve(self, which: int) -> None:
        approve_order(order_id=self.order(which).pk, actor=self.actor)

    def do_unapprove(self, which: int) -> None:
        unapprove_order(order_id=self.order(which).pk, actor=self.actor, reason="Test")

    def do_correct_place(self, which: int, changes: dict[str, str]) -> None:
        edit_order(order_id=self.order(which).pk, changes=changes, actor=self.actor)

    def do_correct_line(self, which: int, units: int, price: Decimal) -> None:
        order = self.order(which)
        line = order.lines.first()
        assert line is not None
        changes = {"quantity": units, "unit_price": price}
        edit_line(order_id=order.pk, line_id=line.pk, changes=changes, actor=self.actor)

    def do_correct_totals(self, which: int, fee: Decimal) -> None:
        order = self.order(which)
        total = order.items_total + fee - order.discount + order.tax
        edit_order(order_id=order.pk, changes={"shipping_fee": fee, "total": total}, actor=self.actor)

    def do_start(self, which: int) -> None:
        start_picking(fulfilment_id=self.part(which, _F.RELEASED).pk, actor=self.actor)

    def do_stop(self, which: int) -> None:
        stop_picking(fulfilment_id=self.part(which, _F.PICKING).pk, actor=self.actor)

    def _count(self, which: int, units: int, wanting: Q, count: Callable[..., object], **more: object) -> None:
        part = self.part(which, _F.PICKING)
        line = part.lines.filter(wanting).first() or part.lines.all()[0]
        count(fulfilment_id=part.pk, sku_id=line.sku_id, quantity=min(units, line.quantity), **more)

    def do_pick(self, which: int, units: int) -> None:
        self._count(which, units, Q(picked_quantity__lt=F("quantity")), pick, actor=self.actor)

    def do_check(self, which: int, units: int) -> None:
        self._count(which, units, Q(packed_quantity__lt=F("picked_quantity")), check)

    def do_pack(self, which: int) -> None:
        record_packed(fulfilment_id=self.part(which, _F.PICKING).pk, weight_g=100, actor=self.actor)

    def do_short(self, which: int, found: int) -> None:
        part = self.part(which, _F.PICKING)
        lines = {line.pk: min(found, line.quantity) for line in part.lines.all()}
        report_short(fulfilment_id=part.pk, found=lines, actor=self.actor)

    def do_ship(self, which: int) -> None:
        record_shipped(fulfilment_ids=[self.part(which, _F.PACKED).pk], actor=self.actor)

    def do_send(self, which: int) -> None:
        """From the shelf to the carrier in one go, as rarely as a random walk gets there by itself."""
        part = self.part(which, _F.RELEASED)
        pick_and_check_all(fulfilment_id=part.pk, actor=self.actor)
        record_packed(fulfilment_id=part.pk, weight_g=100, actor=self.actor)
        record_shipped(fulfilment_ids=[part.pk], actor=self.actor)

    def do_deliver(self, which: int) -> None:
        record_delivery(fulfilment_ids=[self.part(which, _F.SHIPPED).pk], at=datetime.now(UTC))

    def do_replace(self, which: int) -> None:
        replace_parcel(fulfilment_id=self.part(which, _F.SHIPPED).pk, actor=self.actor, reason="Test")

    def do_write_off(self, which: int) -> None:
        write_off_parcel(fulfilment_id=self.part(which, _F.SHIPPED).pk, actor=self.actor, reason="Test")

    def do_cancel(self, which: int) -> None:
        cancel_order(order_id=self.order(which).pk, actor=self.actor, reason="Test")


def check_stock() -> None:
    """No negative stock, ledger = level, reserved ≤ on hand, and a reservation for just what parcels wait for."""
    assert stock_differences() == []
    assert not StockLevel.objects.filter(on_hand__lt=0).exists()
    assert not StockLevel.objects.filter(reserved__lt=0).exists()
    assert not StockLevel.objects.filter(reserved__gt=F("on_hand")).exists()
    waiting = FulfilmentLine.objects.filter(fulfilment__status__in=RESERVED).values_list("pk", "quantity")
    reserved = Reservation.objects.filter(state="active").values_list("document_id", "quantity")
    assert dict(reserved) == dict(waiting)


def check_parts() -> None:
    """No unit is planned or sent twice, nor counted further than there are."""
    planned = FulfilmentLine.objects.exclude(fulfilment__status=_F.CANCELLED).values("order_line")
    ordered = dict(OrderLine.objects.values_list("pk", "quantity"))
    for row in planned.annotate(units=Sum("quantity")):
        assert row["units"] <= ordered[row["order_line"]]
    lines = FulfilmentLine.objects.all()
    assert not lines.filter(picked_quantity__gt=F("quantity")).exists()
    assert not lines.filter(packed_quantity__gt=F("picked_quantity")).exists()
    dead = Order.objects.filter(status=OrderStatus.CANCELLED)
    assert not FulfilmentOrder.objects.filter(order__in=dead).exclude(status=_F.CANCELLED).exists()
    sent = Order.objects.filter(status__in=[OrderStatus.SHIPPED, OrderStatus.DELIVERED])
    there = [_F.SHIPPED, _F.DELIVERED, _F.CANCELLED]
    assert not FulfilmentOrder.objects.filter(order__in=sent).exclude(status__in=there).exists()


def check_money() -> None:
    for order in Order.objects.prefetch_related("lines"):
        lines = list(order.lines.all())
        for line in lines:
            assert line.total == line.quantity * line.unit_price - line.discount
        assert order.items_total == sum(line.total for line in lines)
        assert order.total == order.items_total + order.shipping_fee - order.discount + order.tax
        assert (order.line_count, order.unit_count) == (len(lines), sum(line.quantity for line in lines))


@settings(max_examples=30)
@given(st.lists(OPERATIONS, min_size=4, max_size=24))
def test_books_agree_after_any_sequence(operations):
    with transaction.atomic():
        house = House()
        for operation in [("order", [(0, 4), (1, 2)]), ("stages",)]:
            house.run(operation)
        for operation in operations:
            house.run(operation)
            check_stock()
            check_parts()
            check_money()
        transaction.set_rollback(True)


TO_WAREHOUSE: list[tuple[Any, ...]] = [("stages",)]
TO_STOCK: list[tuple[Any, ...]] = [("stage", "orders.validate"), ("hold", 0), ("stages",)]
WALKS: dict[str, list[tuple[Any, ...]]] = {
    "sent short": [*TO_WAREHOUSE, ("start", 0), ("pick", 0, 2), ("short", 0, 1), ("stages",), ("send", 0)],
    "corrected in the warehouse": [*TO_WAREHOUSE, ("correct_place", 0, PLACES[1]), ("stages",), ("receive", 2, 6)],
    "held and corrected": [
        *(*TO_STOCK, ("unapprove", 0), ("correct_line", 0, 3, Decimal("1.10")), ("correct_totals", 0, Decimal(2))),
        *(("unhold", 0), ("approve", 0), ("stages",), ("send", 0), ("deliver", 0)),
    ],
    "replaced": [*TO_WAREHOUSE, ("send", 0), ("replace", 0), ("receive", 0, 6), ("stages",), ("send", 0)],
    "stopped and cancelled": [
        *(*TO_WAREHOUSE, ("start", 0), ("pick", 0, 1), ("check", 0, 1), ("stop", 0), ("adjust", 0, 2), ("cancel", 0)),
    ],
    "written off": [*TO_WAREHOUSE, ("send", 0), ("write_off", 0), ("count", 0, 1)],
}


@pytest.mark.parametrize("name", WALKS)
def test_the_ways_that_chance_seldom_finds(name):
    house = House()
    for operation in [("order", [(0, 4), (1, 2)]), *WALKS[name]]:
        house.run(operation)
        check_stock()
        check_parts()
        check_money()
    assert house.done == ["order", *(done for done, *_arguments in WALKS[name])], "none was refused"

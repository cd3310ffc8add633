"""Choosing a warehouse anew when the place changes, and trying again only what can be served."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actor import SYSTEM
from core.stages import drain
from inventory.models import StockLevel, Warehouse
from inventory.rules.stock import StockAdjustment, StockReceipt
from inventory.selectors import stock_differences
from inventory.services import adjust_stock, receive_stock
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.models import FulfilmentOrder, Order
from orders.services.backorders import watch_batch
from orders.services.edit import edit_order
from orders.services.fulfilment import pick, pick_and_check_all, record_packed, record_shipped, start_picking
from orders.services.holds import hold_order
from tests.factories.inventory import make_warehouse, stock
from tests.factories.orders import make_order

pytestmark = pytest.mark.django_db

STAGES = ["orders.validate", "orders.allocate", "orders.release"]
BACKORDERED = FulfilmentStatus.BACKORDERED


def live(order: Order) -> FulfilmentOrder:
    return order.fulfilments.exclude(status=FulfilmentStatus.CANCELLED).get()


def level(warehouse: Warehouse) -> tuple[int, int]:
    return StockLevel.objects.values_list("on_hand", "reserved").get(warehouse=warehouse)


@pytest.fixture
def two_warehouses(warehouse, sku) -> tuple[Warehouse, Warehouse]:
    """One in Hangzhou, one in Hamburg, ten mugs in each."""
    abroad = make_warehouse("HAM", country="DE", city="Hamburg")
    stock(abroad, sku, 10)
    Warehouse.objects.filter(pk=warehouse.pk).update(serves_countries=["CN"])
    Warehouse.objects.filter(pk=abroad.pk).update(serves_countries=["DE"])
    return warehouse, abroad


def held_order(channel) -> Order:
    """Allocated, and held before the release."""
    order = make_order(channel, ("MUG", 1))
    drain(only=["orders.validate"])
    hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=SYSTEM)
    drain(only=STAGES)
    assert live(order).status == FulfilmentStatus.ALLOCATED
    return order


def test_another_country_is_another_warehouse(channel, two_warehouses):
    home, abroad = two_warehouses
    order = held_order(channel)
    assert live(order).warehouse == home
    edit_order(order_id=order.pk, changes={"ship_country": "DE", "ship_city": "Hamburg"}, actor=SYSTEM)
    drain(only=STAGES)
    assert live(order).warehouse == abroad
    assert (level(home), level(abroad)) == ((10, 0), (10, 1))
    assert Order.objects.get(pk=order.pk).status == OrderStatus.APPROVED


ABROAD = {
    "ship_country": "DE",
    "ship_province": "",
    "ship_city": "Hamburg",
    "ship_district": "",
    "ship_street": "Beispielweg 1",
    "ship_postal_code": "20095",
    "ship_phone": "+49 30 901820",
}


def released_order(channel) -> Order:
    """In the warehouse, with a parcel to be made."""
    order = make_order(channel, ("MUG", 1))
    drain(only=[*STAGES, "outbox.relay"])
    assert live(order).status == FulfilmentStatus.RELEASED
    return order


def test_a_released_order_goes_to_another_warehouse_until_somebody_picks(channel, two_warehouses):
    home, abroad = two_warehouses
    order = released_order(channel)
    before, released_at = live(order), Order.objects.get(pk=order.pk).released_at
    assert released_at is not None
    assert level(home) == (10, 1)
    edit_order(order_id=order.pk, changes=ABROAD, actor=SYSTEM)
    assert level(home) == (10, 0), "given back at once"
    assert Order.objects.get(pk=order.pk).released_at is None
    drain(only=[*STAGES, "outbox.relay"])
    after = live(order)
    assert (after.warehouse, after.status) == (abroad, FulfilmentStatus.RELEASED)
    assert (level(home), level(abroad)) == ((10, 0), (10, 1))
    assert stock_differences() == []
    order.refresh_from_db()
    assert order.status == OrderStatus.APPROVED
    assert order.released_at is not None
    assert order.released_at > released_at
    parcels = Shipment.objects.order_by("pk").values_list("fulfilment_id", "status")
    assert list(parcels) == [(before.pk, ShipmentStatus.CANCELLED), (after.pk, ShipmentStatus.PENDING)]


def test_a_released_order_is_validated_at_its_new_place(channel, two_warehouses):
    order = released_order(channel)
    edit_order(order_id=order.pk, changes={**ABROAD, "ship_street": ""}, actor=SYSTEM)
    drain(only=[*STAGES, "outbox.relay"])
    order.refresh_from_db()
    assert order.open_hold_count > 0
    assert order.released_at is None


def test_nobody_serves_the_new_place(channel, two_warehouses):
    home, abroad = two_warehouses
    order = released_order(channel)
    edit_order(order_id=order.pk, changes={"ship_country": "BR", "ship_city": "Santos"}, actor=SYSTEM)
    drain(only=STAGES)
    assert live(order).status == BACKORDERED
    assert (level(home), level(abroad)) == ((10, 0), (10, 0))
    edit_order(order_id=order.pk, changes=ABROAD, actor=SYSTEM)
    drain(only=STAGES)
    assert (live(order).warehouse, level(abroad)) == (abroad, (10, 1))


@pytest.mark.parametrize("picked", [0, 1])
def test_who_picks_keeps_it(channel, two_warehouses, sku, picked):
    home, abroad = two_warehouses
    order = released_order(channel)
    start_picking(fulfilment_id=live(order).pk, actor=SYSTEM)
    if picked:
        pick(fulfilment_id=live(order).pk, sku_id=sku.pk, quantity=1, actor=SYSTEM)
    edit_order(order_id=order.pk, changes=ABROAD, actor=SYSTEM)
    drain(only=STAGES)
    assert (live(order).warehouse, live(order).status) == (home, FulfilmentStatus.PICKING)
    assert (level(home), level(abroad)) == ((10, 1), (10, 0))


def test_what_is_left_of_a_partly_shipped_order_goes_anew(channel, two_warehouses, sku):
    home, abroad = two_warehouses
    adjust_stock([StockAdjustment(abroad.pk, sku.pk, -10, "Test")], actor=SYSTEM)
    order = make_order(channel, ("MUG", 12))
    drain(only=STAGES)
    first = order.fulfilments.get(status=FulfilmentStatus.RELEASED)
    pick_and_check_all(fulfilment_id=first.pk, actor=SYSTEM)
    record_packed(fulfilment_id=first.pk, weight_g=100, actor=SYSTEM)
    record_shipped(fulfilment_ids=[first.pk], at=datetime.now(UTC), actor=SYSTEM)
    receive_stock([StockReceipt(home.pk, sku.pk, 5), StockReceipt(abroad.pk, sku.pk, 5)])
    drain(only=[*STAGES, "outbox.relay"])
    second = order.fulfilments.get(status=FulfilmentStatus.RELEASED)
    edit_order(order_id=order.pk, changes=ABROAD, actor=SYSTEM)
    drain(only=STAGES)
    second.refresh_from_db()
    assert (second.warehouse, second.status) == (home, FulfilmentStatus.CANCELLED)
    third = order.fulfilments.get(status=FulfilmentStatus.RELEASED)
    assert (third.warehouse, level(home), level(abroad)) == (abroad, (5, 0), (5, 2))
    assert Order.objects.get(pk=order.pk).status == OrderStatus.PARTIALLY_SHIPPED


def test_another_street_keeps_the_warehouse_and_its_number(channel, two_warehouses):
    order = held_order(channel)
    number = live(order).number
    edit_order(order_id=order.pk, changes={"ship_street": "文三路 2 号"}, actor=SYSTEM)
    drain(only=STAGES)
    assert live(order).number == number


@pytest.mark.parametrize(
    "changes",
    [
        {"ship_street": "文三路 2 号"},
        {"ship_name": "王大明"},
        {"ship_phone": "13900000009"},
        {"ship_postal_code": "310013"},
    ],
)
def test_a_released_order_whose_label_is_wrong_keeps_its_stock_from_who_waits(channel, two_warehouses, sku, changes):
    home, _abroad = two_warehouses
    adjust_stock([StockAdjustment(home.pk, sku.pk, -9, "Test")], actor=SYSTEM)
    order = released_order(channel)
    before, released_at = live(order), Order.objects.get(pk=order.pk).released_at
    rival = make_order(channel, ("MUG", 1))
    drain(only=STAGES)
    assert live(rival).status == BACKORDERED
    edit_order(order_id=order.pk, changes=changes, actor=SYSTEM)
    assert level(home) == (1, 1)
    Order.objects.filter(pk=rival.pk).update(allocate_due_at=datetime.now(UTC))
    drain(only=[*STAGES, "outbox.relay"])
    assert (live(order), live(order).status) == (before, FulfilmentStatus.RELEASED)
    assert Order.objects.get(pk=order.pk).released_at == released_at
    assert (live(rival).status, level(home)) == (BACKORDERED, (1, 1))
    parcels = Shipment.objects.order_by("pk").values_list("fulfilment_id", "status")
    assert list(parcels) == [(before.pk, ShipmentStatus.CANCELLED), (before.pk, ShipmentStatus.PENDING)]


def test_what_no_label_says_changes_no_release(channel, two_warehouses):
    order = released_order(channel)
    number = live(order).number
    edit_order(order_id=order.pk, changes={"buyer_email": "b@example.com", "buyer_name": "Bo"}, actor=SYSTEM)
    drain(only=[*STAGES, "outbox.relay"])
    assert (live(order).number, live(order).status) == (number, FulfilmentStatus.RELEASED)
    assert Shipment.objects.get().status == ShipmentStatus.PENDING


def test_what_no_warehouse_serves_is_not_tried_again_and_again(channel, two_warehouses):
    _home, abroad = two_warehouses
    order = make_order(channel, ("MUG", 1))
    drain(only=["orders.validate"])
    Order.objects.filter(pk=order.pk).update(ship_country="BR")
    drain(only=STAGES)
    assert live(order).status == BACKORDERED
    StockLevel.objects.update(updated_at=datetime.now(UTC) + timedelta(minutes=5))
    assert watch_batch(10) == 0
    Warehouse.objects.filter(pk=abroad.pk).update(serves_countries=["DE", "BR"])
    assert watch_batch(10) == 1
    drain(only=STAGES)
    assert live(order).warehouse == abroad


def test_tries_in_vain_grow_rarer_and_a_receipt_is_taken_up_at_once(channel, warehouse, sku):
    order = make_order(channel, ("MUG", 11))
    drain(only=STAGES)
    rest = order.fulfilments.filter(status=BACKORDERED)
    now = datetime.now(UTC)

    def tried(after: timedelta, ago: timedelta) -> int:
        """The watch, when the last try was `ago`, and `after` the order began to wait."""
        Order.objects.filter(pk=order.pk).update(allocated_at=now - ago, allocate_due_at=None)
        rest.update(created_at=now - ago - after)
        return watch_batch(10)

    StockLevel.objects.update(on_hand=20, reserved=10, updated_at=now)
    minute = timedelta(minutes=1)
    assert tried(after=0 * minute, ago=minute) == 1
    assert tried(after=10 * minute, ago=9 * minute) == 0
    assert tried(after=10 * minute, ago=11 * minute) == 1
    assert tried(after=3000 * minute, ago=59 * minute) == 0
    assert tried(after=3000 * minute, ago=61 * minute) == 1
    Order.objects.filter(pk=order.pk).update(allocated_at=now, allocate_due_at=None)
    receive_stock([StockReceipt(warehouse.pk, sku.pk, 5)])
    drain(only=["outbox.relay", *STAGES])
    assert not rest.exists()

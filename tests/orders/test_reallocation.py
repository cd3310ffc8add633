"""Choosing a warehouse anew when the place changes, and trying again only what can be served."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actor import SYSTEM
from core.stages import drain
from inventory.models import StockLevel, Warehouse
from inventory.rules.stock import StockReceipt
from inventory.services import receive_stock
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.models import FulfilmentOrder, Order
from orders.services.backorders import watch_batch
from orders.services.edit import edit_order
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


def test_another_street_keeps_the_warehouse_and_its_number(channel, two_warehouses):
    order = held_order(channel)
    number = live(order).number
    edit_order(order_id=order.pk, changes={"ship_street": "文三路 2 号"}, actor=SYSTEM)
    drain(only=STAGES)
    assert live(order).number == number


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

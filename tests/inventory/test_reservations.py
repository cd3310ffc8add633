import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.outbox.models import OutboxEvent
from inventory.enums import ReservationState
from inventory.exceptions import OutOfStock
from inventory.locks import lock_levels
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.rules.stock import Claim, StockReceipt
from inventory.services import (
    consume_reservations,
    receive_stock,
    release_reservations,
    reserve,
    set_safety_stock,
)
from tests.factories.inventory import LINE, claim, level, make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db


def test_reserve_writes_level_reservation_and_ledger():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)
    reserve([claim(warehouse, sku, 3, 1), claim(warehouse, sku, 4, 2)])
    now = level(warehouse, sku)
    assert (now.on_hand, now.reserved, now.available) == (10, 7, 3)
    assert list(Reservation.objects.order_by("document_id").values_list("quantity", "state")) == [
        (3, "active"),
        (4, "active"),
    ]
    assert list(
        StockMovement.objects.filter(bucket="reserved").order_by("id").values_list("quantity", "document_id")
    ) == [(3, 1), (4, 2)]


def test_reserve_refuses_what_is_not_there_and_leaves_nothing():
    warehouse, plenty, scarce = make_warehouse(), make_sku(), make_sku()
    stock(warehouse, plenty, 10)
    stock(warehouse, scarce, 2)
    with pytest.raises(OutOfStock) as error:
        reserve([claim(warehouse, plenty, 1, 1), claim(warehouse, scarce, 2, 2), claim(warehouse, scarce, 1, 3)])
    assert [tuple(shortage) for shortage in error.value.shortages] == [(warehouse.pk, scarce.pk, 3, 2)]
    assert level(warehouse, plenty).reserved == 0
    assert not Reservation.objects.exists()
    assert not StockMovement.objects.filter(bucket="reserved").exists()


def test_reserve_keeps_safety_stock():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)
    set_safety_stock({(warehouse.pk, sku.pk): 4}, actor=SYSTEM)
    with pytest.raises(OutOfStock):
        reserve([claim(warehouse, sku, 7, 1)])
    reserve([claim(warehouse, sku, 6, 1)])
    assert level(warehouse, sku).available == 0


def test_reserve_of_a_sku_without_level_is_out_of_stock():
    warehouse, sku = make_warehouse(), make_sku()
    with pytest.raises(OutOfStock):
        reserve([claim(warehouse, sku, 1, 1)])


def test_consume_takes_units_out_of_the_warehouse_once():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)
    reserve([claim(warehouse, sku, 3, 1)])
    assert consume_reservations(LINE, [1, 2]) == {1}
    assert consume_reservations(LINE, [1, 2]) == set()
    now = level(warehouse, sku)
    assert (now.on_hand, now.reserved, now.available) == (7, 0, 7)
    assert Reservation.objects.get().state == ReservationState.CONSUMED
    assert sorted(StockMovement.objects.filter(kind="ship").values_list("bucket", "quantity")) == [
        ("on_hand", -3),
        ("reserved", -3),
    ]


def test_release_gives_units_back_and_tells_those_who_wait():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)
    reserve([claim(warehouse, sku, 10, 1)])
    OutboxEvent.objects.all().delete()
    assert release_reservations(LINE, [1], reason="Order cancelled") == {1}
    assert level(warehouse, sku).available == 10
    event = OutboxEvent.objects.get()
    assert event.name == "inventory.stock_increased"
    assert event.payload == {"warehouse_id": warehouse.pk, "sku_ids": [sku.pk]}


def test_a_line_may_reserve_again_after_release():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 5)
    reserve([claim(warehouse, sku, 5, 1)])
    release_reservations(LINE, [1])
    reserve([claim(warehouse, sku, 5, 1)])
    with pytest.raises(IntegrityError), transaction.atomic():
        Reservation.objects.filter(state="released").update(state="active")


def test_the_database_refuses_negative_stock_and_a_changed_ledger():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockLevel.objects.update(on_hand=-1)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockLevel.objects.update(reserved=6)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        StockMovement.objects.update(quantity=1)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        StockMovement.objects.all().delete()


@pytest.mark.parametrize("operation", ["reserve", "release", "consume"])
def test_statements_are_as_many_for_1_line_as_for_500(operation):
    warehouse = make_warehouse()
    skus = [make_sku() for _ in range(20)]
    receive_stock([StockReceipt(warehouse.pk, sku.pk, 1000) for sku in skus])

    def run(lines: range) -> int:
        claims = [Claim(warehouse.pk, skus[n % 20].pk, 2, LINE, n) for n in lines]
        with CaptureQueriesContext(
            connection,
        ) as locking:
            lock_levels((c.warehouse_id, c.sku_id) for c in claims)
            reserve(claims)
        if operation == "reserve":
            return len(locking)
        close = release_reservations if operation == "release" else consume_reservations
        with CaptureQueriesContext(connection) as closing:
            assert close(LINE, list(lines)) == set(lines)
        return len(closing)

    one, many = run(range(1)), run(range(1, 501))
    assert one == many
    assert many <= 8


def test_levels_are_locked_in_order_of_id():
    warehouse = make_warehouse()
    skus = [make_sku() for _ in range(5)]
    for sku in skus[::-1]:
        stock(warehouse, sku, 1)
    with CaptureQueriesContext(connection) as queries:
        levels = lock_levels([(warehouse.pk, sku.pk) for sku in skus])
    assert len(queries) == 1
    assert [row.id for row in levels.values()] == sorted(row.id for row in levels.values())

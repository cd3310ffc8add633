"""Several at once on the real database: nothing is sold twice, nobody waits for ever."""

import pytest
from django.db import transaction

from core.actor import SYSTEM
from core.audit.models import AuditEntry
from inventory.enums import SkuStatus
from inventory.exceptions import OutOfStock
from inventory.locks import lock_levels
from inventory.models import Reservation, Sku, StockLevel
from inventory.rules.catalogue import SkuDraft, Upserted
from inventory.rules.stock import Claim, StockReceipt
from inventory.selectors import stock_differences
from inventory.services import (
    consume_reservations,
    receive_stock,
    release_reservations,
    reserve,
    set_sku_status,
    upsert_skus,
)
from tests.core.threads import raise_errors, run_together
from tests.factories.inventory import LINE, level, make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db(transaction=True)


def claim_all(claims: list[Claim]) -> bool:
    """Lock and reserve in one transaction; False when there wasn't enough."""
    try:
        with transaction.atomic():
            lock_levels((c.warehouse_id, c.sku_id) for c in claims)
            reserve(claims)
    except OutOfStock:
        return False
    return True


def test_the_last_units_are_sold_once():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 5)
    buyers = [lambda line=line: claim_all([Claim(warehouse.pk, sku.pk, 1, LINE, line)]) for line in range(12)]
    results = raise_errors(run_together(*buyers))
    assert sorted(results) == [False] * 7 + [True] * 5
    assert level(warehouse, sku).available == 0
    assert Reservation.objects.filter(state="active").count() == 5
    assert stock_differences() == []


def test_without_locking_first_the_guard_still_holds():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 3)

    def buy(line: int) -> bool:
        try:
            reserve([Claim(warehouse.pk, sku.pk, 2, LINE, line)])
        except OutOfStock:
            return False
        return True

    results = raise_errors(run_together(*[lambda line=line: buy(line) for line in range(6)]))
    assert results.count(True) == 1
    assert stock_differences() == []


def test_orders_that_want_the_same_skus_in_opposite_order_never_deadlock():
    warehouse = make_warehouse()
    skus = [make_sku() for _ in range(8)]
    for sku in skus:
        stock(warehouse, sku, 100)

    def buyer(number: int) -> bool:
        order = skus if number % 2 else skus[::-1]
        return all(
            claim_all(
                [
                    Claim(warehouse.pk, sku.pk, 1, LINE, number * 1000 + turn * 10 + place)
                    for place, sku in enumerate(order)
                ]
            )
            for turn in range(5)
        )

    results = raise_errors(run_together(*[lambda number=number: buyer(number) for number in range(6)]))
    assert results == [True] * 6
    assert {row.reserved for row in StockLevel.objects.all()} == {30}
    assert stock_differences() == []


def test_a_line_is_shipped_or_released_but_never_both():
    warehouse, sku = make_warehouse(), make_sku()
    stock(warehouse, sku, 10)

    def race(line: int) -> None:
        claim_all([Claim(warehouse.pk, sku.pk, 1, LINE, line)])
        results = run_together(lambda: consume_reservations(LINE, [line]), lambda: release_reservations(LINE, [line]))
        assert sorted(map(len, raise_errors(results))) == [0, 1]

    for line in range(5):
        race(line)
    assert level(warehouse, sku).reserved == 0
    assert stock_differences() == []


def test_two_deliveries_of_a_new_sku_make_one_level():
    warehouse, sku = make_warehouse(), make_sku()
    deliver = lambda: receive_stock([StockReceipt(warehouse.pk, sku.pk, 1)])  # noqa: E731
    raise_errors(run_together(*[deliver] * 6))
    assert level(warehouse, sku).on_hand == 6
    assert stock_differences() == []


def test_two_imports_of_the_same_new_skus_make_each_once():
    drafts = [SkuDraft(f"NEW-{n}", name=f"Thing {n}") for n in range(20)]
    results = raise_errors(run_together(*[lambda: upsert_skus(drafts, actor=SYSTEM)] * 4))
    created = [outcome for outcomes in results for outcome in outcomes if outcome.result == Upserted.CREATED]
    assert len(created) == Sku.objects.count() == 20


def test_skus_taken_off_by_two_people_are_taken_off_once():
    skus = [make_sku().pk for _number in range(5)]
    calls = [
        lambda ids=ids: set_sku_status(sku_ids=ids, status=SkuStatus.DISCONTINUED, actor=SYSTEM)
        for ids in (skus, skus[::-1], skus)
    ]
    counts = raise_errors(run_together(*calls))
    assert sum(counts) == 5
    assert AuditEntry.objects.filter(action="inventory.sku_changed", changes__has_key="status").count() == 5

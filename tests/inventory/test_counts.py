"""One quantity for one SKU in one warehouse: of two, one must be wrong."""

import pytest

from core.actor import SYSTEM
from inventory.exceptions import CountedTwice
from inventory.models import StockLevel, StockMovement
from inventory.rules.stock import OpeningStock, StockCount
from inventory.services import count_stock, set_opening_stock
from tests.factories.inventory import make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db


def test_a_pair_that_is_counted_twice_is_refused_and_nothing_is_written():
    warehouse, mug, cup = make_warehouse(), make_sku("MUG"), make_sku("CUP")
    stock(warehouse, mug, 5)
    movements = StockMovement.objects.count()
    counts = [
        StockCount(warehouse.pk, cup.pk, 3),
        StockCount(warehouse.pk, mug.pk, 8),
        StockCount(warehouse.pk, mug.pk, 9),
    ]
    with pytest.raises(CountedTwice) as refused:
        count_stock(counts, actor=SYSTEM)
    assert "MUG" in refused.value.message
    assert refused.value.field == "sku"
    assert StockLevel.objects.get(sku=mug).on_hand == 5
    assert StockMovement.objects.count() == movements


def test_an_opening_stock_that_is_given_twice_is_refused():
    warehouse, mug = make_warehouse(), make_sku("MUG")
    with pytest.raises(CountedTwice):
        set_opening_stock([OpeningStock(warehouse.pk, mug.pk, 3), OpeningStock(warehouse.pk, mug.pk, 3)])
    assert not StockMovement.objects.exists()

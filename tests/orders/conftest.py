import pytest

from inventory.models import Sku, Warehouse
from orders.models import Channel
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel


@pytest.fixture
def channel(db: None) -> Channel:
    return make_channel("shop")


@pytest.fixture
def warehouse(db: None) -> Warehouse:
    return make_warehouse("HZ", country="CN", province="浙江省", city="杭州市")


@pytest.fixture
def sku(db: None, warehouse: Warehouse) -> Sku:
    """A SKU with 10 units in Hangzhou."""
    sku = make_sku("MUG", unit_price="10.00", currency="CNY")
    stock(warehouse, sku, 10)
    return sku

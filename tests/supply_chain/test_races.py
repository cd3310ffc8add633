"""Several at once on the real database: goods are booked once, and one supplier of a SKU is preferred."""

import pytest
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import DomainError
from inventory.rules.stock import Demand
from inventory.selectors import stock_differences
from inventory.services import set_demand
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import GoodsReceipt, PurchaseOrderLine, SupplierSku
from supply_chain.services import ReceivedLine, order_shortages, receive_goods, save_offer
from tests.core.threads import raise_errors, run_together
from tests.factories.accounts import make_user
from tests.factories.inventory import level, make_sku, make_warehouse
from tests.factories.supply_chain import make_offer, make_purchase_order, make_supplier, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_delivery_from_two_docks_is_booked_as_far_as_it_was_ordered():
    warehouse, sku, operator = make_warehouse(), make_sku(), make_user(Role.WAREHOUSE_OPERATOR)
    order = send(make_purchase_order(warehouse, {sku: 10}, make_supplier()))
    received = [ReceivedLine(order.lines.get().pk, 10)]
    results = run_together(*[lambda: receive_goods(order_id=order.pk, received=received, user=operator)] * 3)
    booked = [result for result in results if isinstance(result, GoodsReceipt)]
    raise_errors([result for result in results if not isinstance(result, DomainError)])
    assert len(booked) == GoodsReceipt.objects.count() == 1
    order.refresh_from_db()
    assert (order.status, level(warehouse, sku).on_hand) == (PurchaseOrderStatus.RECEIVED, 10)
    assert level(warehouse, sku).incoming == 0
    assert stock_differences() == []


@pytest.mark.parametrize("round_", range(3))
def test_one_supplier_of_a_sku_is_preferred(round_):
    sku, suppliers = make_sku(), [make_supplier() for _number in range(4)]
    values = {"unit_cost": "1.00", "is_preferred": True}
    offers = [
        lambda pk=supplier.pk: save_offer(supplier_id=pk, sku_id=sku.pk, values=values, actor=SYSTEM)
        for supplier in suppliers
    ]
    raise_errors(run_together(*offers))
    assert SupplierSku.objects.filter(sku=sku).count() == 4
    assert SupplierSku.objects.filter(sku=sku, is_preferred=True).count() == 1


@pytest.mark.parametrize("round_", range(3))
def test_what_is_short_is_ordered_once(round_):
    warehouse, sku = make_warehouse(), make_sku()
    make_offer(make_supplier(), sku)
    set_demand([Demand(sku.pk, 7, "orders.fulfilment_line", 1, timezone.now())])
    raise_errors(run_together(*[lambda: order_shortages(sku_ids=[sku.pk], warehouse=warehouse, actor=SYSTEM)] * 3))
    assert [line.quantity for line in PurchaseOrderLine.objects.all()] == [7]

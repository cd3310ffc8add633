"""What a buyer can do about an order that waits for goods."""

import pytest
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.stages import drain
from inventory.models import Sku, Warehouse
from supply_chain.models import PurchaseOrder
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order
from tests.factories.supply_chain import make_offer, make_supplier, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse(db: None) -> Warehouse:
    return make_warehouse("HZ", country="CN")


@pytest.fixture
def sku(warehouse: Warehouse) -> Sku:
    sku = make_sku("MUG", unit_price="10.00", currency="CNY")
    stock(warehouse, sku, 10)
    return sku


@pytest.fixture
def case(sku: Sku) -> Case:
    """An order for four more than there are."""
    make_order(make_channel("shop"), ("MUG", 14))
    drain()
    return Case.objects.get(type="orders.out_of_stock")


def purchase(client, case, warehouse):
    return client.post(reverse("cases:case_resolve", args=[case.pk, "purchase"]), {"warehouse": warehouse.pk})


def test_a_buyer_orders_what_an_order_waits_for(client, case, sku, warehouse):
    make_offer(make_supplier(), sku, moq=6)
    buyer = make_user(Role.BUYER)
    client.force_login(buyer)
    assert [str(way.label) for way in resolution_actions(case, buyer)] == ["Create purchase orders"]
    page = client.get(reverse("cases:case_detail", args=[case.pk])).content.decode()
    assert f'<a href="{reverse("inventory:sku_detail", args=[sku.pk])}">4 × MUG · Thing MUG</a>' in page
    told = client.get(purchase(client, case, warehouse).url).content.decode()
    assert "What was missing is on purchase orders now, as drafts." in told
    order = PurchaseOrder.objects.get()
    assert (order.status, order.warehouse, order.created_by) == ("draft", warehouse, buyer)
    assert [(line.sku, line.quantity) for line in order.lines.all()] == [(sku, 6)]
    case.refresh_from_db()
    assert case.is_open
    assert case.events.filter(kind="tried", actor_id=buyer.pk).exists()


def test_what_is_ordered_already_is_not_ordered_twice(client, case, sku, warehouse):
    make_offer(make_supplier(), sku)
    client.force_login(make_user(Role.BUYER))
    purchase(client, case, warehouse)
    order = PurchaseOrder.objects.get()
    for _state in ("draft", "sent"):
        answer = purchase(client, case, warehouse)
        assert f"Ordered already: {order.number}. Let the exception wait" in answer.content.decode()
        assert PurchaseOrder.objects.count() == 1
        order = send(order) if order.status == "draft" else order


def test_nothing_is_ordered_where_a_supplier_is_missing(client, case, sku, warehouse):
    client.force_login(make_user(Role.BUYER))
    answer = purchase(client, case, warehouse)
    assert "No supplier offers MUG, so nothing was ordered." in answer.content.decode()
    assert not PurchaseOrder.objects.exists()
    assert not case.events.filter(kind="tried").exists()


def test_goods_that_have_come_meanwhile_are_not_ordered(client, case, sku, warehouse):
    make_offer(make_supplier(), sku)
    stock(warehouse, sku, 4)
    client.force_login(make_user(Role.BUYER))
    assert "Enough is there or ordered." in purchase(client, case, warehouse).content.decode()
    assert not PurchaseOrder.objects.exists()


def test_a_buyer_orders_for_warehouses_of_their_own(client, case, sku, warehouse):
    make_offer(make_supplier(), sku)
    other, buyer = make_warehouse("SH"), make_user(Role.BUYER)
    AccessScope.objects.create(user=buyer, kind="warehouse", object_id=warehouse.pk)
    client.force_login(buyer)
    form = client.get(reverse("cases:case_resolve", args=[case.pk, "purchase"])).content.decode()
    assert warehouse.name in form
    assert other.name not in form
    assert purchase(client, case, other).status_code == 422
    assert not PurchaseOrder.objects.exists()


def test_who_may_not_purchase_is_not_offered_it(client, case, sku, warehouse):
    make_offer(make_supplier(), sku)
    clerk = make_user(Role.ORDER_CLERK)
    client.force_login(clerk)
    assert [str(way.label) for way in resolution_actions(case, clerk)] == ["Try again now", "Cancel order"]
    purchase(client, case, warehouse)
    assert not PurchaseOrder.objects.exists()


def test_a_buyer_who_gets_no_goods_leaves_it_to_who_can_cancel(client, case):
    clerk = make_user(Role.ORDER_CLERK)
    client.force_login(make_user(Role.BUYER))
    assert reverse("cases:case_pass_on", args=[case.pk]) in client.get(f"/exceptions/{case.pk}/").content.decode()
    client.post(reverse("cases:case_pass_on", args=[case.pk]), {"person": clerk.pk})
    case.refresh_from_db()
    assert case.assigned_to == clerk

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import Actor
from core.ui import lists
from core.ui.search import search_all
from inventory.models import SkuBarcode
from inventory.rules.stock import Demand
from inventory.services import set_demand
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import GoodsReceipt, PurchaseOrder, ReceivingCount, Supplier, SupplierSku
from supply_chain.services import ReceivedLine, receive_goods
from supply_chain.views.shortages import order_short
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import level, make_sku, make_warehouse
from tests.factories.supply_chain import make_offer, make_purchase_order, make_supplier, send

pytestmark = pytest.mark.django_db

LISTS = ["shortage_list", "supplier_list", "purchase_order_list", "receipt_list"]


@pytest.fixture
def manager(client):
    user = make_superuser()
    client.force_login(user)
    return user


def wait_for(sku, quantity=5):
    set_demand([Demand(sku.pk, quantity, "orders.fulfilment_line", sku.pk, timezone.now())])


def filled(count: int) -> None:
    for _ in range(count):
        warehouse, sku, supplier = make_warehouse(), make_sku(), make_supplier()
        wait_for(sku)
        make_offer(supplier, sku)
        order = send(make_purchase_order(warehouse, {sku: 5}, supplier))
        line = order.lines.get()
        receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 1)], user=make_superuser())


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_1_row_and_for_3(client, manager, name):
    def queries(rows: int) -> int:
        filled(rows)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(f"supply_chain:{name}"), {"sort": ""}).status_code == 200
        return len(captured)

    queries(1)
    assert queries(1) == queries(3)


def test_declared_lists_sort_by_indexes_only():
    every = lists.keys()
    keys = [key for key in every if key.startswith("supply_chain.")]
    assert len(keys) == 4
    assert [problem for key in keys for problem in lists.get(key).check()] == []


@pytest.mark.parametrize("name", [*LISTS, "supplier_create", "purchase_order_create", "receiving"])
def test_rights(client, name):
    url = reverse(f"supply_chain:{name}")
    assert "login" in client.get(url)["Location"]
    client.force_login(make_user(Role.MARKETER))
    assert client.get(url).status_code == 403
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    assert client.get(url).status_code in (200, 302)


def test_scope_holds_in_lists_pages_and_the_receiving_desk(client):
    user = make_user(Role.WAREHOUSE_OPERATOR)
    own, other, sku = make_warehouse(), make_warehouse(), make_sku()
    mine, foreign = (send(make_purchase_order(place, {sku: 1})) for place in (own, other))
    AccessScope.objects.create(user=user, kind="warehouse", object_id=own.pk)
    client.force_login(user)
    assert mine.number in client.get(reverse("supply_chain:receiving")).content.decode()
    assert foreign.number not in client.get(reverse("supply_chain:receiving")).content.decode()
    assert client.get(foreign.get_absolute_url()).status_code == 404
    assert client.get(mine.get_absolute_url()).status_code == 200
    scan = {"code": sku.code, "key": uuid4()}
    answer = client.post(reverse("supply_chain:receive", args=[foreign.pk]), scan).json()
    assert answer["outcome"] == "wrong"
    assert not ReceivingCount.objects.exists()
    rows = lists.get("supply_chain.purchaseorder").queryset_for(user, QueryDict(""))
    assert [row.pk for row in rows] == [mine.pk]
    [group] = [g for g in search_all(user=user, query=mine.number) if g.provider.code == "purchase_orders"]
    assert [hit.title for hit in group.hits] == [mine.number]
    assert not [g for g in search_all(user=user, query=foreign.number) if g.provider.code == "purchase_orders"]


def test_a_purchase_order_from_draft_to_receipt(client, manager):
    warehouse, sku = make_warehouse(), make_sku("MUG")
    SkuBarcode.objects.create(sku=sku, gtin="05012345678900")
    client.post(reverse("supply_chain:supplier_create"), _supplier())
    supplier = Supplier.objects.get()
    client.post(reverse("supply_chain:offer_save", args=[supplier.pk]), _offer())
    assert SupplierSku.objects.get().unit_cost == Decimal("2.5")
    response = client.post(
        reverse("supply_chain:purchase_order_create"), {"supplier": supplier.pk, "warehouse": warehouse.pk}
    )
    order = PurchaseOrder.objects.get()
    assert response["Location"] == order.get_absolute_url()
    client.post(reverse("supply_chain:line_save", args=[order.pk]), {"sku": "5012345678900", "quantity": 3})
    for status in ("pending_approval", "approved", "sent"):
        assert client.get(order.get_absolute_url()).status_code == 200
        client.post(reverse("supply_chain:purchase_order_step", args=[order.pk, status]))
    order.refresh_from_db()
    assert (order.status, order.total) == ("sent", Decimal("7.50"))
    _receive(client, order)
    page = client.get(order.get_absolute_url()).content.decode()
    assert GoodsReceipt.objects.get().number in page
    assert (level(warehouse, sku).on_hand, level(warehouse, sku).damaged, level(warehouse, sku).incoming) == (2, 1, 0)
    sku_page = client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
    assert GoodsReceipt.objects.get().number in sku_page
    client.post(reverse("supply_chain:purchase_order_step", args=[order.pk, "closed"]))
    order.refresh_from_db()
    assert order.status == "closed"


def _supplier() -> dict[str, object]:
    return {
        "code": "ACME",
        "name": "Acme",
        "is_active": "on",
        "currency": "GBP",
        "lead_time_days": 5,
        "over_receipt_percent": 0,
    }


def _offer() -> dict[str, object]:
    return {"sku": "MUG", "unit_cost": "2.50", "moq": 1, "pack_size": 1}


def _receive(client, order) -> None:
    url = reverse("supply_chain:receive", args=[order.pk])
    assert "MUG" in client.get(url).content.decode()
    key = uuid4()
    answers = [client.post(url, {"code": "5012345678900", "key": key}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["outcome"], answers[0]["title"]) == ("ok", "MUG: 1 of 3")
    assert client.post(url, {"code": "2*mug", "key": uuid4()}).json()["title"] == "MUG: 3 of 3"
    assert client.post(url, {"code": "MUG", "key": uuid4()}).json()["outcome"] == "wrong"
    assert client.post(url, {"code": "NONE", "key": uuid4()}).json()["outcome"] == "wrong"
    line = order.lines.get()
    book = reverse("supply_chain:receive_book", args=[order.pk])
    typed = {f"good-{line.pk}": "2", f"damaged-{line.pk}": "1"}
    assert client.post(book, typed, headers={"HX-Request": "true"}).status_code == 204
    assert ReceivingCount.objects.get().damaged == 1
    client.post(book, {f"good-{line.pk}": "-1"})
    assert ReceivingCount.objects.get().damaged == 1
    response = client.post(book, typed | {"book": "1", "delivery_note": "D-1"})
    assert response["Location"] == order.get_absolute_url()


def test_a_reason_is_asked_for(client, manager):
    order = send(make_purchase_order(make_warehouse(), {make_sku(): 1}))
    client.post(reverse("supply_chain:purchase_order_step", args=[order.pk, "cancelled"]))
    order.refresh_from_db()
    assert order.status == PurchaseOrderStatus.SENT
    url = reverse("supply_chain:purchase_order_reason", args=[order.pk, "cancelled"])
    assert "Cancel order" in client.get(url).content.decode()
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "Out of production"})
    order.refresh_from_db()
    assert order.status == PurchaseOrderStatus.CANCELLED
    assert "Out of production" in client.get(order.get_absolute_url()).content.decode()


def test_a_buyer_sees_only_the_steps_that_are_theirs(client):
    order = make_purchase_order(make_warehouse(), {make_sku(): 1})
    client.force_login(make_user(Role.BUYER))
    client.post(reverse("supply_chain:purchase_order_step", args=[order.pk, "pending_approval"]))
    html = client.get(order.get_absolute_url()).content.decode()
    assert "/to/approved/" not in html
    client.post(reverse("supply_chain:purchase_order_step", args=[order.pk, "approved"]))
    order.refresh_from_db()
    assert order.status == PurchaseOrderStatus.PENDING_APPROVAL


def test_shortages_become_purchase_orders(client, manager):
    warehouse, mug, pan = make_warehouse(), make_sku("MUG"), make_sku("PAN")
    wait_for(mug, 7)
    wait_for(pan, 1)
    make_offer(make_supplier(), mug, moq=10)
    html = client.get(reverse("supply_chain:shortage_list"), {"short": "true"}).content.decode()
    assert "MUG" in html
    ids = [mug.pk, pan.pk]
    outcomes = list(order_short(ids, Actor.for_user(manager), {"warehouse": str(warehouse.pk)}))
    assert [outcome.outcome for outcome in outcomes] == ["ok", "error"]
    assert outcomes[1].url == reverse("inventory:sku_detail", args=[pan.pk])
    order = PurchaseOrder.objects.get()
    assert order.lines.get().quantity == 10
    outcomes = list(order_short([mug.pk], Actor.for_user(manager), {"warehouse": str(warehouse.pk)}))
    assert [outcome.outcome for outcome in outcomes] == ["skipped"]


def test_pages_of_suppliers(client, manager):
    sku, supplier = make_sku("MUG"), make_supplier()
    offer = make_offer(supplier, sku, is_preferred=True)
    make_purchase_order(make_warehouse(), {sku: 1}, supplier)
    page = client.get(supplier.get_absolute_url()).content.decode()
    assert "MUG" in page
    assert "PO-" in page
    other = make_supplier()
    data = {"sku": "MUG", "unit_cost": "3", "moq": 2, "pack_size": 2, "is_preferred": "on"}
    client.post(reverse("supply_chain:offer_save", args=[other.pk]), data)
    offer.refresh_from_db()
    assert not offer.is_preferred
    client.post(reverse("supply_chain:offer_remove", args=[supplier.pk, offer.pk]))
    assert SupplierSku.objects.get().supplier == other
    client.post(reverse("supply_chain:supplier_edit", args=[supplier.pk]), _supplier() | {"name": "New name"})
    supplier.refresh_from_db()
    assert supplier.name == "New name"


def test_today_card_of_a_buyer(client, manager):
    wait_for(make_sku())
    assert "SKUs to order" in client.get("/?card=supply_chain.buying").content.decode()


def test_the_sku_page_leads_to_what_is_ordered_and_to_what_is_held(client, manager):
    warehouse, sku = make_warehouse(), make_sku()
    sent = send(make_purchase_order(warehouse, {sku: 5}))
    held, gone = (make_purchase_order(warehouse, {sku: 5}) for _ in range(2))
    PurchaseOrder.objects.filter(pk=held.pk).update(status=PurchaseOrderStatus.ON_HOLD, held_status="draft")
    PurchaseOrder.objects.filter(pk=gone.pk).update(status=PurchaseOrderStatus.CANCELLED)
    page = client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
    for order in (sent, held):
        assert f'<a href="{order.get_absolute_url()}">{order.number}</a>' in page
    assert "On hold" in page
    assert gone.number not in page


def test_the_sku_page_names_its_suppliers_and_takes_an_offer(client):
    user = make_user(Role.BUYER)
    client.force_login(user)
    sku, supplier = make_sku(), make_supplier()
    page, offer = reverse("inventory:sku_detail", args=[sku.pk]), reverse("supply_chain:sku_offer", args=[sku.pk])
    before = client.get(page).content.decode()
    assert "No supplier offers this SKU." in before
    assert offer in before
    data = {"supplier": supplier.pk, "unit_cost": "3", "moq": 24, "pack_size": 12}
    assert client.post(offer, data)["Location"] == page
    assert SupplierSku.objects.get().moq == 24
    after = client.get(page).content.decode()
    assert supplier.get_absolute_url() in after
    assert "from 24, in packs of 12" in after


def test_an_offer_of_a_sku_needs_the_right(client):
    client.force_login(make_user(Role.WAREHOUSE_OPERATOR))
    sku, supplier = make_sku(), make_supplier()
    offer = reverse("supply_chain:sku_offer", args=[sku.pk])
    assert offer not in client.get(reverse("inventory:sku_detail", args=[sku.pk])).content.decode()
    data = {"supplier": supplier.pk, "unit_cost": "3", "moq": 1, "pack_size": 1}
    assert client.post(offer, data).status_code == 403
    assert not SupplierSku.objects.exists()


def test_a_quantity_against_the_suppliers_terms_is_refused_unless_wanted(client, manager):
    sku, supplier = make_sku("MUG"), make_supplier()
    make_offer(supplier, sku, moq=24, pack_size=12)
    order = make_purchase_order(make_warehouse(), {}, supplier)
    line = reverse("supply_chain:line_save", args=[order.pk])
    for quantity, fitting in ((5, 24), (30, 36)):
        refused = client.post(line, {"sku": "MUG", "quantity": quantity, "unit_cost": "2"})
        told = f"The supplier sells at least 24, in packs of 12. {fitting} would do."
        assert refused.context["form"].errors == {"quantity": [told]}
    assert not order.lines.exists()
    client.post(line, {"sku": "MUG", "quantity": 36, "unit_cost": "2"})
    assert order.lines.get().quantity == 36
    client.post(line, {"sku": "MUG", "quantity": 5, "unit_cost": "2", "against_terms": "on"})
    assert order.lines.get().quantity == 5

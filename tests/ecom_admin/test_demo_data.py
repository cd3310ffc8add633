"""The demo's data: every page has something real to show, and what a person picks first is worth picking."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from ecom_admin.demo_data import staff
from ecom_admin.demo_data.orders import OrderMaker
from ecom_admin.demo_data.purchasing import NOT_OFFERED, SOLD_OUT, STATES, seed_purchasing, sell_out
from ecom_admin.demo_data.world import seed_people, seed_warehouses
from ecom_admin.management.commands.seed_demo import EXAMPLES
from inventory.models import StockLevel
from logistics.sandbox.routes import DEFAULT_RATES, NORMAL, outcome_of
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder
from supply_chain.models import PurchaseOrder, SupplierSku
from tests.factories.inventory import make_sku
from tests.factories.logistics import make_fulfilment, make_fulfilments

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    seed_people()
    seed_warehouses()
    call_command("import_products", str(EXAMPLES / "home_goods_products.csv"), verbosity=0)
    call_command("import_stock", str(EXAMPLES / "home_goods_stock.csv"), verbosity=0)
    sell_out()
    seed_purchasing()


def test_purchase_orders_in_every_state_by_the_people_whose_step_it_is(company):
    states = Counter(PurchaseOrder.objects.values_list("status", flat=True))
    assert len(states) == len(STATES) == sum(states.values())
    assert not PurchaseOrder.objects.exclude(created_by__username="buyer").exists()
    approvers = PurchaseOrder.objects.exclude(approved_by=None).values_list("approved_by__username", flat=True)
    assert set(approvers) == {"manager"}
    call_command("reconcile_stock", verbosity=0)


def test_what_is_sold_out_is_on_its_way_planned_forgotten_or_offered_by_nobody(company):
    levels = StockLevel.objects.filter(sku__code__in=SOLD_OUT)
    assert set(levels.values_list("on_hand", flat=True)) == {0}
    assert set(levels.filter(incoming__gt=0).values_list("sku__code", flat=True)) == {SOLD_OUT[0]}
    planned = PurchaseOrder.objects.filter(status="draft", lines__sku__code__in=SOLD_OUT)
    assert list(planned.values_list("lines__sku__code", flat=True)) == [SOLD_OUT[1]]
    offered = set(SupplierSku.objects.values_list("sku__code", flat=True))
    assert set(SOLD_OUT) - offered == {NOT_OFFERED}


def test_the_feed_orders_nothing_that_is_sold_out(company):
    maker = OrderMaker(seed=1, flawed=0, avoid=SOLD_OUT)
    ordered = {line["sku"] for _ in range(100) for line in maker.next_order("web-cn")["lines"]}
    assert len(ordered) > 20
    assert not ordered & set(SOLD_OUT)


def test_the_most_urgent_small_orders_are_left_to_pick():
    seed_people()
    parts = make_fulfilments(8)
    now = timezone.now()
    for hours, part in enumerate(parts):
        FulfilmentOrder.objects.filter(pk=part.pk).update(ship_before=now + timedelta(hours=hours))
    assert staff.pack(10, leave=4) == 4
    left = FulfilmentOrder.objects.filter(status=FulfilmentStatus.RELEASED).order_by("ship_before")
    assert list(left) == [parts[0], parts[1], parts[6], parts[7]]


def test_large_orders_are_not_left_to_a_person():
    seed_people()
    small, large = make_fulfilment(), make_fulfilment()
    FulfilmentOrder.objects.filter(pk=large.pk).update(ship_before=timezone.now() - timedelta(days=1))
    for position in range(2, staff.BASKET_LINES + 2):
        sku = make_sku()
        line = large.order.lines.create(
            position=position, sku=sku, external_sku=sku.code, quantity=1, unit_price=1, tax=0, discount=0, total=1
        )
        large.lines.create(order_line=line, sku=sku, quantity=1)
    staff.pack(10, leave=1)
    small.refresh_from_db()
    assert small.status == FulfilmentStatus.RELEASED


def test_few_parcels_have_trouble():
    assert 0.02 <= sum(DEFAULT_RATES.values()) <= 0.04
    fates = Counter(outcome_of(f"SF{number}") for number in range(20_000))
    assert 0.02 <= 1 - fates[NORMAL] / 20_000 <= 0.04
    assert set(fates) == {NORMAL, *DEFAULT_RATES}, "but every kind occurs"

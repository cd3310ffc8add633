from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.exceptions import DomainError, IllegalTransition, PermissionRequired
from inventory.models import StockLevel
from inventory.rules.stock import Demand
from inventory.selectors import stock_differences
from inventory.services import set_demand
from supply_chain.enums import PURCHASE_ORDER_TRANSITIONS, PurchaseOrderStatus
from supply_chain.models import PurchaseOrder
from supply_chain.rules.purchasing import expected_on, incoming_delta, order_quantity, receivable
from supply_chain.selectors import short_skus
from supply_chain.services import (
    LineDraft,
    ReceivedLine,
    change_status,
    create_purchase_order,
    order_shortages,
    receive_goods,
    remove_line,
    save_line,
)
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import level, make_sku, make_warehouse, stock
from tests.factories.supply_chain import make_offer, make_purchase_order, make_supplier, send

pytestmark = pytest.mark.django_db
S = PurchaseOrderStatus


@pytest.mark.parametrize(
    ("needed", "moq", "pack", "quantity"),
    [(0, 10, 5, 0), (-3, 1, 1, 0), (1, 1, 1, 1), (1, 10, 1, 10), (11, 10, 6, 12), (12, 1, 6, 12), (13, 1, 6, 18)],
)
def test_order_quantity(needed, moq, pack, quantity):
    assert order_quantity(needed, moq=moq, pack_size=pack) == quantity


@pytest.mark.parametrize(
    ("ordered", "received", "percent", "left"),
    [(10, 0, 0, 10), (10, 4, 0, 6), (10, 10, 0, 0), (10, 10, 10, 1), (9, 9, 10, 0)],
)
def test_receivable(ordered, received, percent, left):
    assert receivable(ordered, received, percent) == left


@pytest.mark.parametrize(
    ("ordered", "before", "now", "delta"), [(10, 0, 4, -4), (10, 8, 4, -2), (10, 10, 1, 0), (10, 12, 1, 0)]
)
def test_an_over_delivery_was_never_expected(ordered, before, now, delta):
    assert incoming_delta(ordered, before, now) == delta


def test_expected_when_the_slowest_line_is_there():
    assert expected_on(date(2026, 2, 27), [2, 5, 3]) == date(2026, 3, 4)


def test_total_is_the_sum_of_rounded_lines_in_the_suppliers_currency():
    supplier = make_supplier(currency="JPY")
    lines = [LineDraft(make_sku().pk, 3, Decimal("1.5")), LineDraft(make_sku().pk, 1, Decimal("10.4"))]
    order = create_purchase_order(supplier=supplier, warehouse=make_warehouse(), lines=lines, actor=SYSTEM)
    assert (order.currency, order.total) == ("JPY", Decimal(15))
    assert order.number.startswith("PO-")


def test_lines_of_a_draft_can_be_changed_and_of_a_sent_order_not():
    warehouse, sku = make_warehouse(), make_sku()
    order = make_purchase_order(warehouse, {sku: 5})
    save_line(order_id=order.pk, line=LineDraft(sku.pk, 7, Decimal(3)), actor=SYSTEM)
    order.refresh_from_db()
    assert order.total == Decimal(21)
    save_line(order_id=order.pk, line=LineDraft(make_sku().pk, 1, Decimal(1)), actor=SYSTEM)
    remove_line(order_id=order.pk, line_id=order.lines.get(sku=sku).pk, actor=SYSTEM)
    order.refresh_from_db()
    assert order.total == Decimal(1)
    send(order)
    with pytest.raises(DomainError, match="Only a draft"):
        save_line(order_id=order.pk, line=LineDraft(sku.pk, 7, Decimal(3)), actor=SYSTEM)


class TestStates:
    def test_every_move_outside_the_table_raises(self):
        user = make_superuser()
        order = make_purchase_order(make_warehouse(), {make_sku(): 1})
        for from_ in S:
            PurchaseOrder.objects.filter(pk=order.pk).update(status=from_)
            for to in set(S) - set(PURCHASE_ORDER_TRANSITIONS.targets(from_)):
                with pytest.raises(IllegalTransition):
                    change_status(order_id=order.pk, to=to, user=user)
            assert PurchaseOrder.objects.get().status == from_

    def test_a_buyer_asks_and_somebody_else_approves(self):
        buyer, manager = make_user(Role.BUYER), make_user(Role.OPERATIONS_MANAGER)
        order = make_purchase_order(make_warehouse(), {make_sku(): 1})
        change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=buyer)
        with pytest.raises(PermissionRequired):
            change_status(order_id=order.pk, to=S.APPROVED, user=buyer)
        approved = change_status(order_id=order.pk, to=S.APPROVED, user=manager)
        assert (approved.approved_by, approved.approved_at is not None) == (manager, True)

    def test_nobody_approves_an_order_of_their_own(self):
        manager = make_user(Role.OPERATIONS_MANAGER)
        order = create_purchase_order(
            supplier=make_supplier(),
            warehouse=make_warehouse(),
            lines=[LineDraft(make_sku().pk, 1, Decimal(1))],
            actor=Actor.for_user(manager),
        )
        change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=manager)
        with pytest.raises(PermissionRequired):
            change_status(order_id=order.pk, to=S.APPROVED, user=manager)

    def test_an_order_without_lines_goes_nowhere(self):
        order = make_purchase_order(make_warehouse(), {})
        with pytest.raises(DomainError, match="no lines"):
            change_status(order_id=order.pk, to=S.PENDING_APPROVAL, user=make_superuser())

    def test_received_is_reached_by_receiving_only(self):
        order = send(make_purchase_order(make_warehouse(), {make_sku(): 1}))
        with pytest.raises(DomainError, match="Receive the goods"):
            change_status(order_id=order.pk, to=S.RECEIVED, user=make_superuser())

    def test_a_hold_leads_back_to_where_it_was(self):
        user = make_superuser()
        order = send(make_purchase_order(make_warehouse(), {make_sku(): 1}))
        change_status(order_id=order.pk, to=S.ON_HOLD, user=user)
        with pytest.raises(DomainError, match="goes back"):
            change_status(order_id=order.pk, to=S.APPROVED, user=user)
        assert change_status(order_id=order.pk, to=S.SENT, user=user).held_status == ""


class TestIncoming:
    def test_follows_the_order(self):
        user, warehouse, sku = make_superuser(), make_warehouse(), make_sku()
        order = make_purchase_order(warehouse, {sku: 10})
        assert not StockLevel.objects.exists()
        send(order)
        assert level(warehouse, sku).incoming == 10
        change_status(order_id=order.pk, to=S.ON_HOLD, user=user)
        assert level(warehouse, sku).incoming == 0
        change_status(order_id=order.pk, to=S.SENT, user=user)
        line = order.lines.get()
        receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 4)], user=user)
        assert (level(warehouse, sku).incoming, level(warehouse, sku).on_hand) == (6, 4)
        change_status(order_id=order.pk, to=S.CLOSED, user=user)
        assert level(warehouse, sku).incoming == 0
        assert stock_differences() == []

    def test_expected_date_comes_from_the_slowest_offer(self):
        warehouse, fast, slow = make_warehouse(), make_sku(), make_sku()
        supplier = make_supplier(lead_time_days=3)
        make_offer(supplier, slow, lead_time_days=30)
        order = send(make_purchase_order(warehouse, {fast: 1, slow: 1}, supplier))
        assert order.expected_on is not None
        assert (order.expected_on - timezone.localdate()).days == 30

    @pytest.mark.parametrize(("other", "days"), [(None, 14), (21, 21), (7, 10)])
    def test_an_offer_that_is_quicker_than_usual_counts_unless_another_line_takes_longer(self, other, days):
        warehouse, quick, slow = make_warehouse(), make_sku(), make_sku()
        supplier = make_supplier(lead_time_days=14)
        make_offer(supplier, quick, lead_time_days=10)
        make_offer(supplier, slow, lead_time_days=other)
        order = send(make_purchase_order(warehouse, {quick: 1, slow: 1}, supplier))
        assert order.expected_on is not None
        assert (order.expected_on - timezone.localdate()).days == days


class TestShortages:
    def wait_for(self, sku, quantity, line_id):
        set_demand([Demand(sku.pk, quantity, "orders.fulfilment_line", line_id, timezone.now())])

    def test_what_is_short_after_stock_and_orders(self):
        warehouse, sku = make_warehouse(), make_sku()
        self.wait_for(sku, 20, 1)
        self.wait_for(sku, 5, 2)
        stock(warehouse, sku, 3)
        send(make_purchase_order(warehouse, {sku: 4}))
        make_purchase_order(warehouse, {sku: 2})
        row: Any = short_skus().get()
        figures = (row.demand, row.waiting_lines, row.available, row.incoming, row.planned, row.short)
        assert figures == (25, 2, 3, 4, 2, 16)

    def test_orders_by_supplier_with_moq_and_pack_and_nothing_twice(self):
        warehouse = make_warehouse()
        mug, cup, pan, none = (make_sku(code) for code in ("MUG", "CUP", "PAN", "NONE"))
        for line, sku in enumerate((mug, cup, pan, none)):
            self.wait_for(sku, 7, line)
        first, second = make_supplier(), make_supplier()
        make_offer(first, mug, moq=10, pack_size=4)
        make_offer(first, cup, unit_cost=Decimal(9))
        make_offer(second, cup, unit_cost=Decimal(5))
        make_offer(first, pan, unit_cost=Decimal(1))
        make_offer(second, pan, unit_cost=Decimal(8), is_preferred=True)
        ids = [sku.pk for sku in (mug, cup, pan, none)]
        orders, unserved = order_shortages(sku_ids=ids, warehouse=warehouse, actor=SYSTEM)
        lines = {
            (order.supplier, line.sku.code): line.quantity
            for order in orders
            for line in order.lines.select_related("sku")
        }
        assert lines == {(first, "MUG"): 12, (second, "CUP"): 7, (second, "PAN"): 7}
        assert unserved == [none.pk]
        assert order_shortages(sku_ids=ids, warehouse=warehouse, actor=SYSTEM)[0] == []

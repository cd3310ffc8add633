import pytest

from core.accounts.enums import Role
from core.exceptions import DomainError, IllegalTransition, PermissionRequired
from core.outbox.models import OutboxEvent
from inventory.models import StockMovement
from inventory.selectors import stock_differences
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.exceptions import NotOnOrder, OverReceipt
from supply_chain.models import GoodsReceipt, ReceivingCount
from supply_chain.services import ReceivedLine, book_counts, count_units, receive_goods, set_counts
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import level, make_sku, make_warehouse
from tests.factories.supply_chain import make_purchase_order, make_supplier, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return make_user(Role.WAREHOUSE_OPERATOR)


def sent_order(quantity: int = 10, **supplier):
    warehouse, sku = make_warehouse(), make_sku()
    order = send(make_purchase_order(warehouse, {sku: quantity}, make_supplier(**supplier)))
    return order, order.lines.get(), warehouse, sku


def test_a_partial_and_a_final_delivery(operator):
    order, line, warehouse, sku = sent_order()
    first = receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 4, 1)], user=operator)
    now = level(warehouse, sku)
    assert (now.on_hand, now.damaged, now.incoming) == (4, 1, 5)
    order.refresh_from_db()
    assert order.status == PurchaseOrderStatus.PARTIALLY_RECEIVED
    receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 5)], user=operator)
    order.refresh_from_db()
    line.refresh_from_db()
    assert (order.status, line.received, line.damaged) == (PurchaseOrderStatus.RECEIVED, 10, 1)
    assert level(warehouse, sku).incoming == 0
    assert stock_differences() == []
    on_hand = StockMovement.objects.filter(kind="receipt", bucket="on_hand").order_by("id").first()
    assert on_hand is not None
    assert (on_hand.document, on_hand.document_id) == ("supply_chain.goods_receipt_line", first.lines.get().pk)


def test_stock_that_came_is_announced(operator):
    order, line, warehouse, sku = sent_order()
    OutboxEvent.objects.all().delete()
    receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 1)], user=operator)
    events = OutboxEvent.objects.filter(name="inventory.stock_increased").values_list("payload", flat=True)
    assert list(events) == [{"warehouse_id": warehouse.pk, "sku_ids": [sku.pk]}]


def test_over_delivery_only_as_far_as_agreed(operator):
    order, line, warehouse, sku = sent_order(over_receipt_percent=10)
    with pytest.raises(OverReceipt, match="at most 11 more"):
        receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 12)], user=operator)
    assert not GoodsReceipt.objects.exists()
    receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 11)], user=operator)
    assert (level(warehouse, sku).on_hand, level(warehouse, sku).incoming) == (11, 0)
    assert stock_differences() == []


def test_refusals(operator):
    order, line, _warehouse, _sku = sent_order()
    other = make_purchase_order(make_warehouse(), {make_sku(): 1})
    with pytest.raises(NotOnOrder):
        receive_goods(order_id=order.pk, received=[ReceivedLine(other.lines.get().pk, 1)], user=operator)
    with pytest.raises(DomainError, match="Nothing was counted"):
        receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 0)], user=operator)
    with pytest.raises(IllegalTransition):
        receive_goods(order_id=other.pk, received=[ReceivedLine(other.lines.get().pk, 1)], user=operator)
    with pytest.raises(PermissionRequired):
        receive_goods(order_id=order.pk, received=[ReceivedLine(line.pk, 1)], user=make_user(Role.BUYER))
    assert not GoodsReceipt.objects.exists()


def test_what_can_still_be_received_leaves_out_what_is_counted(operator):
    order, line, _warehouse, sku = sent_order(5)
    set_counts(order_id=order.pk, counts=[ReceivedLine(line.pk, 1, 1)], user=operator)
    with pytest.raises(OverReceipt, match="at most 3 more"):
        count_units(order_id=order.pk, sku_id=sku.pk, units=5, user=operator)
    assert count_units(order_id=order.pk, sku_id=sku.pk, units=3, user=operator).count.quantity == 4
    with pytest.raises(OverReceipt, match="at most 0 more"):
        count_units(order_id=order.pk, sku_id=sku.pk, units=1, user=operator)


def test_scans_are_counted_and_booked_once(operator):
    order, line, warehouse, sku = sent_order(3)
    count_units(order_id=order.pk, sku_id=sku.pk, units=1, user=operator)
    assert count_units(order_id=order.pk, sku_id=sku.pk, units=2, user=operator).count.quantity == 3
    with pytest.raises(OverReceipt):
        count_units(order_id=order.pk, sku_id=sku.pk, units=1, user=operator)
    with pytest.raises(NotOnOrder):
        count_units(order_id=order.pk, sku_id=make_sku().pk, units=1, user=operator)
    assert level(warehouse, sku).on_hand == 0
    set_counts(order_id=order.pk, counts=[ReceivedLine(line.pk, 2, 1)], user=operator)
    receipt = book_counts(order_id=order.pk, user=operator, delivery_note="D-77")
    assert (receipt.delivery_note, receipt.received_by) == ("D-77", operator)
    assert (level(warehouse, sku).on_hand, level(warehouse, sku).damaged) == (2, 1)
    assert not ReceivingCount.objects.exists()
    with pytest.raises(IllegalTransition):
        book_counts(order_id=order.pk, user=make_superuser())

"""Purchase orders as a person may see them: limited to the warehouses of their scope."""

from typing import Any

from django.db.models import QuerySet

from core.accounts.selectors import scope_ids
from supply_chain.enums import EXPECTED
from supply_chain.models import GoodsReceipt, PurchaseOrder

EXPECTED_VALUES = sorted(status.value for status in EXPECTED)


def orders_for(user: Any) -> QuerySet[PurchaseOrder]:
    """The purchase orders whose warehouse the user may see."""
    ids = scope_ids(user, "warehouse")
    rows = PurchaseOrder.objects.all()
    return rows if ids is None else rows.filter(warehouse_id__in=ids)


def receivable_orders(user: Any) -> QuerySet[PurchaseOrder]:
    """Those whose goods are on the way."""
    return orders_for(user).filter(status__in=EXPECTED_VALUES)


def receipts_for(user: Any) -> QuerySet[GoodsReceipt]:
    """The goods receipts of those purchase orders."""
    ids = scope_ids(user, "warehouse")
    rows = GoodsReceipt.objects.all()
    return rows if ids is None else rows.filter(order__warehouse_id__in=ids)

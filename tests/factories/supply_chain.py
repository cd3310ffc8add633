"""Suppliers and purchase orders for tests."""

from decimal import Decimal
from itertools import count
from typing import Any

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import SYSTEM
from inventory.models import Sku, Warehouse
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import PurchaseOrder, Supplier, SupplierSku
from supply_chain.services import LineDraft, change_status, create_purchase_order
from tests.factories.accounts import make_user

_numbers = count(1)


def make_supplier(code: str = "", **fields: Any) -> Supplier:
    code = code or f"SUP{next(_numbers)}"
    return Supplier.objects.create(code=code, **{"name": f"Supplier {code}"} | fields)


def make_offer(supplier: Supplier, sku: Sku, **fields: Any) -> SupplierSku:
    return SupplierSku.objects.create(supplier=supplier, sku=sku, **{"unit_cost": Decimal(2)} | fields)


def make_purchase_order(warehouse: Warehouse, lines: dict[Sku, int], supplier: Supplier | None = None) -> PurchaseOrder:
    """A draft at 2.00 per unit."""
    drafts = [LineDraft(sku.pk, quantity, Decimal(2)) for sku, quantity in lines.items()]
    return create_purchase_order(supplier=supplier or make_supplier(), warehouse=warehouse, lines=drafts, actor=SYSTEM)


def send(order: PurchaseOrder, user: User | None = None) -> PurchaseOrder:
    """Take a draft to sent."""
    user = user or make_user(Role.OPERATIONS_MANAGER)
    for status in ("pending_approval", "approved", "sent"):
        order = change_status(order_id=order.pk, to=PurchaseOrderStatus(status), user=user)
    return order

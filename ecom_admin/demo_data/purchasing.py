"""Suppliers of the demo's company, what they offer, and purchase orders in every state a buyer meets."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.accounts.models import User
from core.actor import SYSTEM, Actor
from inventory.models import Sku, StockLevel, Warehouse
from inventory.rules.stock import StockAdjustment
from inventory.services import adjust_stock
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import PurchaseOrder, Supplier
from supply_chain.services import LineDraft, ReceivedLine, change_status, create_purchase_order, receive_goods
from supply_chain.services.suppliers import save_offer, save_supplier

_S = PurchaseOrderStatus

#: Nothing of these is on the shelves when the demo begins, so that orders wait for them: the first is on its way, the
#: second is planned in part, of the others nobody has thought yet, and the last no supplier offers.
SOLD_OUT = ("MUG-BLU", "VAS-30", "CUS-LIN", "BOWL-14")
NOT_OFFERED = SOLD_OUT[-1]

SUPPLIERS: Mapping[str, dict[str, Any]] = {
    "JDZ": {
        "name": "Jingdezhen Sample Ceramics 景德镇示例陶瓷", "country": "CN", "currency": "CNY", "lead_time_days": 12,
        "contact_name": "Sample Chen", "email": "orders@jdz.example.com", "payment_terms": "30 days",
        "over_receipt_percent": 5,
    },
    "NTX": {
        "name": "Nantong Sample Textiles 南通样品家纺", "country": "CN", "currency": "CNY", "lead_time_days": 9,
        "contact_name": "Example Lu", "email": "sales@ntx.example.com", "payment_terms": "prepaid",
    },
    "YWU": {
        "name": "Yiwu Example Household 义乌演示日用", "country": "CN", "currency": "CNY", "lead_time_days": 5,
        "contact_name": "Demo Zhao", "email": "ywu@ywu.example.com", "payment_terms": "14 days",
    },
}  # fmt: skip
COST_SHARE = Decimal("0.42")  # of the price in the shop

#: Where each order stops on its way, and how much of it has come in by then.
STATES: Sequence[tuple[PurchaseOrderStatus, ...]] = (
    (),
    (_S.PENDING_APPROVAL,),
    (_S.PENDING_APPROVAL, _S.APPROVED),
    (_S.PENDING_APPROVAL, _S.APPROVED, _S.SENT),
    (_S.PENDING_APPROVAL, _S.APPROVED, _S.SENT, _S.ACKNOWLEDGED),
    (_S.PENDING_APPROVAL, _S.APPROVED, _S.SENT, _S.PARTIALLY_RECEIVED),
    (_S.PENDING_APPROVAL, _S.APPROVED, _S.SENT, _S.RECEIVED),
    (_S.PENDING_APPROVAL, _S.APPROVED, _S.SENT, _S.RECEIVED, _S.CLOSED),
    (_S.PENDING_APPROVAL, _S.REJECTED),
)
SENT, DRAFT = 3, 0


def sell_out() -> None:
    """Empty the shelves of some SKUs, as a count that found nothing does."""
    levels = StockLevel.objects.filter(sku__code__in=SOLD_OUT, on_hand__gt=0).order_by("pk")
    adjust_stock(
        [StockAdjustment(row.warehouse_id, row.sku_id, -row.on_hand, "not found at the stock count") for row in levels],
        actor=SYSTEM,
    )


def seed_purchasing() -> None:
    """Suppliers, offers and purchase orders."""
    skus = {sku.code: sku for sku in Sku.objects.filter(product__category__contains=" ", is_stocked=True)}
    buyer = User.objects.get(username="buyer")
    suppliers = [_supplier(code, values, buyer) for code, values in SUPPLIERS.items()]
    offered = _offers(suppliers, [sku for code, sku in sorted(skus.items()) if code != NOT_OFFERED], buyer)
    warehouse = Warehouse.objects.get(code="HZ")
    sold_out = {SENT: SOLD_OUT[0], DRAFT: SOLD_OUT[1]}
    for position, way in enumerate(STATES):
        supplier, scarce = suppliers[position % len(suppliers)], []
        if position in sold_out:
            scarce = [skus[sold_out[position]]]
            supplier = next(one for one in suppliers if scarce[0] in offered[one.pk])
        others = [sku for sku in offered[supplier.pk] if sku.code not in SOLD_OUT]
        _purchase(supplier, warehouse, [*scarce, *others[position // 3 : position // 3 + 3]], way)


def _supplier(code: str, values: Mapping[str, Any], buyer: User) -> Supplier:
    return save_supplier(supplier=Supplier(code=code, **values), before={}, actor=Actor.for_user(buyer))


def _offers(suppliers: Sequence[Supplier], skus: Sequence[Sku], buyer: User) -> dict[int, list[Sku]]:
    """Everything has one preferred supplier, every third SKU a second, dearer and quicker one."""
    offered: dict[int, list[Sku]] = {supplier.pk: [] for supplier in suppliers}
    for position, sku in enumerate(skus):
        for rank in range(2 if position % 3 == 0 else 1):
            supplier = suppliers[(position + rank * (1 + position // 3 % 2)) % len(suppliers)]
            values = {
                "supplier_code": f"{supplier.code}-{position + 1:03d}",
                "unit_cost": _cost(sku) * (1 + Decimal(rank) / 10),
                "moq": 24, "pack_size": 6 if position % 2 else 12, "is_preferred": rank == 0,
                "lead_time_days": 3 if rank else None,
            }  # fmt: skip
            save_offer(supplier_id=supplier.pk, sku_id=sku.pk, values=values, actor=Actor.for_user(buyer))
            offered[supplier.pk].append(sku)
    return offered


def _cost(sku: Sku) -> Decimal:
    return ((sku.unit_price or Decimal(10)) * COST_SHARE).quantize(Decimal("0.01"))


def _purchase(
    supplier: Supplier, warehouse: Warehouse, skus: Sequence[Sku], way: Sequence[PurchaseOrderStatus]
) -> PurchaseOrder:
    """Take a purchase order along its way, each step by the person whose step it is."""
    buyer, manager, operator = (User.objects.get(username=name) for name in ("buyer", "manager", "warehouse"))
    lines = [LineDraft(sku.pk, 2 if sku.code == SOLD_OUT[1] else 48, _cost(sku)) for sku in skus]
    order = create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=Actor.for_user(buyer))
    for status in way:
        if status in (_S.PARTIALLY_RECEIVED, _S.RECEIVED):
            share = 24 if status == _S.PARTIALLY_RECEIVED else 48
            received = [ReceivedLine(line.pk, share - 1, 1) for line in order.lines.all()]
            receive_goods(order_id=order.pk, received=received, user=operator, delivery_note=f"DN-{order.number}")
        else:
            user = manager if status in (_S.APPROVED, _S.REJECTED) else buyer
            order = change_status(order_id=order.pk, to=status, user=user)
    return order

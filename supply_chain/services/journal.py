"""What every write of a purchase order needs: its lock, its number, its audit entry."""

from typing import Any

from django.db import connection

from core.actor import Actor
from core.audit.services import record
from supply_chain.models import PurchaseOrder

LINE = "supply_chain.purchase_order_line"  # the document of incoming stock
RECEIPT_LINE = "supply_chain.goods_receipt_line"  # the document of received stock

# Sequence and prefix of the numbers that people see.
ORDER_NUMBERS = ("supply_chain_purchaseorder_number_seq", "PO")
RECEIPT_NUMBERS = ("supply_chain_goodsreceipt_number_seq", "GRN")


def lock_order(order_id: int) -> PurchaseOrder:
    """The order with its supplier, locked until the transaction ends."""
    orders = PurchaseOrder.objects.select_for_update(of=("self",)).select_related("supplier")
    return orders.get(pk=order_id)


def lock_shortages() -> None:
    """Until the transaction ends nobody else orders what is short: what it finds missing is missing still."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('supply_chain.shortages'))")


def next_number(numbers: tuple[str, str]) -> str:
    """The next number of a kind of document: short, ascending, never given twice."""
    sequence, prefix = numbers
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return f"{prefix}-{cursor.fetchone()[0]:06d}"


def record_order(
    action: str, order: PurchaseOrder, actor: Actor, changes: dict[str, list[Any]] | None = None, reason: str = ""
) -> None:
    """Write the audit entry "supply_chain.purchase_order_<action>"."""
    record(
        action=f"supply_chain.purchase_order_{action}",
        actor=actor,
        subject_type="supply_chain.purchaseorder",
        subject_id=order.pk,
        subject_label=order.number,
        changes=changes,
        reason=reason,
    )

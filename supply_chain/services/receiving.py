"""Goods that come in against a purchase order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.actor import Actor
from core.db import insert_rows, update_rows
from core.exceptions import DomainError
from inventory.enums import StockBucket
from inventory.rules.stock import IncomingChange, StockReceipt
from inventory.services import change_incoming, receive_stock
from supply_chain.enums import PURCHASE_ORDER_TRANSITIONS, PurchaseOrderStatus
from supply_chain.exceptions import NotOnOrder, OverReceipt
from supply_chain.models import GoodsReceipt, GoodsReceiptLine, PurchaseOrder, PurchaseOrderLine, ReceivingCount
from supply_chain.rules.purchasing import OrderedLine, incoming_delta, is_complete, receivable
from supply_chain.services.journal import (
    LINE,
    RECEIPT_LINE,
    RECEIPT_NUMBERS,
    lock_order,
    next_number,
    record_order,
)


class ReceivedLine(NamedTuple):
    """Units that came for one line: good ones go on the shelf, damaged ones aside."""

    line_id: int
    quantity: int
    damaged: int = 0

    @property
    def total(self) -> int:
        return self.quantity + self.damaged


def receive_goods(
    *, order_id: int, received: Sequence[ReceivedLine], user: User, delivery_note: str = ""
) -> GoodsReceipt:
    """Book a delivery: receipt, stock, incoming, state of the order.

    A line may bring up to the supplier's accepted over-delivery. Raises IllegalTransition when the order isn't
    on the way, NotOnOrder, OverReceipt, DomainError when nothing was received.
    """
    actor = Actor.for_user(user)
    at = timezone.now()
    with transaction.atomic():
        order = lock_order(order_id)
        lines = {line.pk: line for line in order.lines.select_related("sku").order_by("sku_id")}
        taken = [row for row in received if row.total]
        _check(order, lines, taken, user)
        receipt = _write_receipt(order, taken, delivery_note, actor, at)
        _write_stock(order, lines, taken, receipt, actor, at)
        _finish(order, lines, taken, actor, at)
    return receipt


def count_units(*, order_id: int, sku_id: int, units: int, user: User) -> PurchaseOrderLine:
    """Add scanned units to the count of a line; returns the line with its `count`.

    Raises IllegalTransition, NotOnOrder, OverReceipt.
    """
    with transaction.atomic():
        order = lock_order(order_id)
        line = order.lines.select_related("sku").filter(sku_id=sku_id).first()
        if line is None:
            raise NotOnOrder
        count = ReceivingCount.objects.get_or_create(order_line=line)[0]
        _check(order, {line.pk: line}, [ReceivedLine(line.pk, units)], user, {line.pk: count.quantity + count.damaged})
        count.quantity += units
        count.save(update_fields=["quantity"])
        line.count = count
    return line


def set_counts(*, order_id: int, counts: Sequence[ReceivedLine], user: User) -> None:
    """Replace the counts of an order by those given."""
    with transaction.atomic():
        order = lock_order(order_id)
        lines = {line.pk: line for line in order.lines.select_related("sku")}
        taken = [row for row in counts if row.total]
        if taken:
            _check(order, lines, taken, user)
        ReceivingCount.objects.filter(order_line__order=order).delete()
        rows = [(row.line_id, row.quantity, row.damaged) for row in taken]
        insert_rows(ReceivingCount, ("order_line_id", "quantity", "damaged"), rows)


def book_counts(*, order_id: int, user: User, delivery_note: str = "") -> GoodsReceipt:
    """Receive what was counted. A second click finds no counts, and raises DomainError."""
    with transaction.atomic():
        lock_order(order_id)
        counts = ReceivingCount.objects.filter(order_line__order=order_id)
        received = [ReceivedLine(*row) for row in counts.values_list("order_line_id", "quantity", "damaged")]
        receipt = receive_goods(order_id=order_id, received=received, user=user, delivery_note=delivery_note)
        counts.delete()
    return receipt


def _check(
    order: PurchaseOrder,
    lines: Mapping[int, PurchaseOrderLine],
    taken: Sequence[ReceivedLine],
    user: User,
    counted: Mapping[int, int] | None = None,
) -> None:
    """Refuse what can't be received. `counted` are units by line that lie counted already, besides those taken now."""
    PURCHASE_ORDER_TRANSITIONS.check(PurchaseOrderStatus(order.status), PurchaseOrderStatus.PARTIALLY_RECEIVED, user)
    if not taken:
        raise DomainError(_("Nothing was counted yet."), "nothing_received")
    if len({row.line_id for row in taken}) < len(taken):
        raise DomainError(_("A line was counted twice."), "line_twice")
    for row in taken:
        line = lines.get(row.line_id)
        if line is None:
            raise NotOnOrder
        allowed = receivable(line.quantity, line.received, order.supplier.over_receipt_percent)
        allowed = max(allowed - (counted or {}).get(line.pk, 0), 0)
        if row.quantity < 0 or row.damaged < 0 or row.total > allowed:
            raise OverReceipt(line.sku.code, allowed)


def _write_receipt(
    order: PurchaseOrder,
    taken: Sequence[ReceivedLine],
    delivery_note: str,
    actor: Actor,
    at: datetime,
) -> GoodsReceipt:
    receipt = GoodsReceipt.objects.create(
        number=next_number(RECEIPT_NUMBERS),
        order=order,
        delivery_note=delivery_note,
        received_at=at,
        received_by_id=actor.user_id,
    )
    rows = [(receipt.pk, row.line_id, row.quantity, row.damaged) for row in taken]
    insert_rows(GoodsReceiptLine, ("receipt_id", "order_line_id", "quantity", "damaged"), rows)
    return receipt


def _write_stock(
    order: PurchaseOrder,
    lines: Mapping[int, PurchaseOrderLine],
    taken: Sequence[ReceivedLine],
    receipt: GoodsReceipt,
    actor: Actor,
    at: datetime,
) -> None:
    expected, receipts = [], []
    ids = dict(receipt.lines.values_list("order_line_id", "pk"))
    for row in sorted(taken, key=lambda row: lines[row.line_id].sku_id):
        line = lines[row.line_id]
        place = (order.warehouse_id, line.sku_id)
        delta = incoming_delta(line.quantity, line.received, row.total)
        expected.append(IncomingChange(*place, delta, LINE, line.pk))
        buckets = ((StockBucket.ON_HAND, row.quantity), (StockBucket.DAMAGED, row.damaged))
        receipts += [
            StockReceipt(*place, units, RECEIPT_LINE, ids[line.pk], "", bucket) for bucket, units in buckets if units
        ]
    change_incoming(expected, actor=actor, at=at)
    receive_stock(receipts, actor=actor, at=at)


def _finish(
    order: PurchaseOrder,
    lines: Mapping[int, PurchaseOrderLine],
    taken: Sequence[ReceivedLine],
    actor: Actor,
    at: datetime,
) -> None:
    for row in taken:
        lines[row.line_id].received += row.total
        lines[row.line_id].damaged += row.damaged
    counted = [lines[row.line_id] for row in taken]
    update_rows(
        PurchaseOrderLine, "id", ("received", "damaged"), [(line.pk, line.received, line.damaged) for line in counted]
    )
    before = order.status
    complete = is_complete(OrderedLine(line.quantity, line.received) for line in lines.values())
    order.status = PurchaseOrderStatus.RECEIVED if complete else PurchaseOrderStatus.PARTIALLY_RECEIVED
    order.received_at = at if complete else order.received_at
    order.save(update_fields=["status", "received_at", "updated_at"])
    units = sum(row.total for row in taken)
    record_order("goods_received", order, actor, {"status": [before, order.status.value], "units": [None, units]})

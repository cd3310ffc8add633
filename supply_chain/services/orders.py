"""Purchase orders: made, changed, moved from state to state."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.actor import Actor
from core.db import insert_rows
from core.exceptions import DomainError, PermissionRequired
from inventory.models import Warehouse
from inventory.rules.stock import IncomingChange
from inventory.services import change_incoming
from supply_chain.enums import EXPECTED, PURCHASE_ORDER_TRANSITIONS, PurchaseOrderStatus
from supply_chain.models import PurchaseOrder, PurchaseOrderLine, Supplier, SupplierSku
from supply_chain.rules.purchasing import expected_on, line_total, order_quantity
from supply_chain.selectors import preferred_offers, shortages_of
from supply_chain.services.alerts import ask_for_approval
from supply_chain.services.journal import LINE, ORDER_NUMBERS, lock_order, lock_shortages, next_number, record_order


class LineDraft(NamedTuple):
    """What is to be ordered: units and price per unit in the order's currency."""

    sku_id: int
    quantity: int
    unit_cost: Decimal


def create_purchase_order(
    *,
    supplier: Supplier,
    warehouse: Warehouse,
    lines: Sequence[LineDraft],
    actor: Actor,
    expected: date | None = None,
    note: str = "",
) -> PurchaseOrder:
    """Write a draft in the supplier's currency."""
    now = timezone.now()
    with transaction.atomic():
        order = PurchaseOrder.objects.create(
            number=next_number(ORDER_NUMBERS),
            supplier=supplier,
            warehouse=warehouse,
            currency=supplier.currency,
            expected_on=expected,
            note=note,
            created_at=now,
            created_by_id=actor.user_id,
        )
        _write_lines(order, lines)
        record_order("created", order, actor)
    return order


def save_line(*, order_id: int, line: LineDraft, actor: Actor, against_terms: bool = False) -> PurchaseOrder:
    """Put a SKU on a draft, or change its quantity and price where it is on it already.

    Raises DomainError for a quantity that the supplier's offer doesn't allow, unless it is wanted `against_terms`.
    """
    _check_lines([line])
    with transaction.atomic():
        order = _lock_draft(order_id)
        if not against_terms:
            _check_terms(order.supplier_id, line)
        values = {"quantity": line.quantity, "unit_cost": line.unit_cost}
        order.lines.update_or_create(sku_id=line.sku_id, defaults=values)
        _total_again(order, actor)
    return order


def remove_line(*, order_id: int, line_id: int, actor: Actor) -> PurchaseOrder:
    """Take a line off a draft."""
    with transaction.atomic():
        order = _lock_draft(order_id)
        order.lines.filter(pk=line_id).delete()
        _total_again(order, actor)
    return order


def change_status(*, order_id: int, to: PurchaseOrderStatus, user: User, reason: str = "") -> PurchaseOrder:
    """Move an order to another state, if the table allows it and the user has the right.

    Who may approve is told when approval is asked for. Sending raises the incoming stock by what is outstanding;
    cancelling, holding or closing takes it back. A buyer can't approve an order of their own. Raises
    IllegalTransition, PermissionRequired, DomainError.
    """
    with transaction.atomic():
        order = lock_order(order_id)
        from_ = PurchaseOrderStatus(order.status)
        PURCHASE_ORDER_TRANSITIONS.check(from_, to, user)
        _check(order, from_, to, user)
        actor = Actor.for_user(user)
        _stamp(order, from_, to, actor)
        order.status = to
        order.save()
        _move_incoming(order, was=from_ in EXPECTED, now=to in EXPECTED, actor=actor)
        record_order(f"{to.value}", order, actor, {"status": [from_.value, to.value]}, reason)
        if to == PurchaseOrderStatus.PENDING_APPROVAL and from_ != PurchaseOrderStatus.ON_HOLD:
            ask_for_approval(order, asked_by_id=user.pk, asked_by=actor.label)
    return order


def order_shortages(
    *, sku_ids: Sequence[int], warehouse: Warehouse, actor: Actor
) -> tuple[list[PurchaseOrder], list[int]]:
    """Draft purchase orders for what is short, one per supplier; returns them and the SKUs without an offer.

    Two who do so at the same time order nothing twice.
    """
    with transaction.atomic():
        lock_shortages()
        short = {row.sku_id: row.short for row in shortages_of(sku_ids) if row.short > 0}
        offers = preferred_offers(list(short))
        by_supplier: dict[Supplier, list[LineDraft]] = defaultdict(list)
        for sku_id, offer in sorted(offers.items()):
            quantity = order_quantity(short[sku_id], moq=offer.moq, pack_size=offer.pack_size)
            by_supplier[offer.supplier].append(LineDraft(sku_id, quantity, offer.unit_cost))
        orders = [
            create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=actor)
            for supplier, lines in by_supplier.items()
        ]
    return orders, [sku_id for sku_id in short if sku_id not in offers]


def _check(order: PurchaseOrder, from_: PurchaseOrderStatus, to: PurchaseOrderStatus, user: User) -> None:
    if from_ == PurchaseOrderStatus.ON_HOLD and to not in (order.held_status, PurchaseOrderStatus.CANCELLED):
        raise DomainError(_("After a hold the order goes back to where it was."), "wrong_way_back")
    if to in {PurchaseOrderStatus.PENDING_APPROVAL, PurchaseOrderStatus.SENT} and not order.lines.exists():
        raise DomainError(_("The order has no lines yet."), "no_lines")
    own = order.created_by_id == user.pk
    if to == PurchaseOrderStatus.APPROVED and own and from_ != PurchaseOrderStatus.ON_HOLD and not user.is_superuser:
        raise PermissionRequired(_("Somebody else has to approve your order."))
    if to in {PurchaseOrderStatus.PARTIALLY_RECEIVED, PurchaseOrderStatus.RECEIVED}:
        raise DomainError(_("Receive the goods to get there."), "receive_goods")


def _stamp(order: PurchaseOrder, from_: PurchaseOrderStatus, to: PurchaseOrderStatus, actor: Actor) -> None:
    """Dates and people that go with the new state."""
    now = timezone.now()
    order.held_status = from_.value if to == PurchaseOrderStatus.ON_HOLD else ""
    if from_ == PurchaseOrderStatus.ON_HOLD:
        return
    if to == PurchaseOrderStatus.APPROVED:
        order.approved_at, order.approved_by_id = now, actor.user_id
    if to == PurchaseOrderStatus.SENT:
        order.sent_at = now
        order.expected_on = order.expected_on or expected_on(timezone.localdate(), _lead_times(order))


def _lead_times(order: PurchaseOrder) -> list[int]:
    """Days for each line: as offered, else what is usual with the supplier."""
    usual = order.supplier.lead_time_days
    offers = SupplierSku.objects.filter(supplier=order.supplier, sku__in=order.lines.values("sku"))
    offered = {sku_id: days for sku_id, days in offers.values_list("sku_id", "lead_time_days") if days is not None}
    return [offered.get(sku_id, usual) for sku_id in order.lines.values_list("sku_id", flat=True)]


def _move_incoming(order: PurchaseOrder, *, was: bool, now: bool, actor: Actor) -> None:
    if was == now:
        return
    sign = 1 if now else -1
    change_incoming(
        [
            IncomingChange(order.warehouse_id, line.sku_id, sign * line.outstanding, LINE, line.pk)
            for line in order.lines.order_by("sku_id")
            if line.outstanding
        ],
        actor=actor,
    )


def _write_lines(order: PurchaseOrder, lines: Sequence[LineDraft]) -> None:
    _check_lines(lines)
    rows = [(order.pk, line.sku_id, line.quantity, 0, 0, line.unit_cost) for line in lines]
    columns = ("order_id", "sku_id", "quantity", "received", "damaged", "unit_cost")
    insert_rows(PurchaseOrderLine, columns, rows)
    totals = (line_total(line.quantity, line.unit_cost, order.currency) for line in lines)
    order.total = sum(totals, Decimal(0))
    order.save(update_fields=["total", "updated_at"])


def _check_lines(lines: Sequence[LineDraft]) -> None:
    if len({line.sku_id for line in lines}) < len(lines):
        raise DomainError(_("A SKU is on the order twice; put the quantities together."), "sku_twice")
    if any(line.quantity <= 0 for line in lines):
        raise DomainError(_("A quantity must be above zero."), "quantity", "quantity")
    if any(line.unit_cost < 0 for line in lines):
        raise DomainError(_("A price can't be negative."), "unit_cost", "unit_cost")


def _check_terms(supplier_id: int, line: LineDraft) -> None:
    """The supplier's minimum and packs, where it offers the SKU."""
    offer = SupplierSku.objects.filter(supplier_id=supplier_id, sku_id=line.sku_id).first()
    if offer is None:
        return
    fitting = order_quantity(line.quantity, moq=offer.moq, pack_size=offer.pack_size)
    if fitting != line.quantity:
        told = _("The supplier sells at least %(moq)d, in packs of %(pack)d. %(fitting)d would do.")
        values = {"moq": offer.moq, "pack": offer.pack_size, "fitting": fitting}
        raise DomainError(told % values, "against_terms", "quantity")


def _lock_draft(order_id: int) -> PurchaseOrder:
    order = lock_order(order_id)
    if order.status != PurchaseOrderStatus.DRAFT:
        raise DomainError(_("Only a draft can be changed. Take it back to draft first."), "not_a_draft")
    return order


def _total_again(order: PurchaseOrder, actor: Actor) -> None:
    before = order.total
    totals = (line_total(line.quantity, line.unit_cost, order.currency) for line in order.lines.all())
    order.total = sum(totals, Decimal(0))
    order.save(update_fields=["total", "updated_at"])
    record_order("lines_changed", order, actor, {"total": [before, order.total]})

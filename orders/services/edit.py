"""Corrections to an order's data by people. Each one is audited and, before release, validated again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.exceptions import Conflict, DomainError
from core.money import currency_problem, round_money
from core.outbox.services import publish
from core.phones import parse_phone
from core.stages import nudge
from core.words import run_on
from inventory.models import Sku
from orders.codes import ADDRESS_CHANGED, ALLOCATE, ORDER_SUBJECT, VALIDATE
from orders.enums import (
    ALLOCATABLE,
    CORRECTABLE,
    ON_THE_WAY,
    DataErrorSource,
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
)
from orders.events import OrdersCancelled
from orders.locks import lock_fulfilments_of_orders, lock_order
from orders.models import DataError, Finding, FulfilmentOrder, Order, OrderLine
from orders.rules.validation import ORDER_ATTRIBUTES, message
from orders.selectors.facts import duplicate_key_of
from orders.services.late_errors import facts_of_begun, refuse_new_errors
from orders.services.moves import touch
from orders.services.progress import GONE, NOT_RELEASED, left_count
from orders.services.readdress import PLACE_FIELDS, ask_for_labels, is_on_label
from orders.services.unallocate import unallocate_orders
from orders.services.validate import validate_at_once

CONTACT_FIELDS = frozenset(
    {
        "buyer_name",
        "buyer_email",
        "buyer_phone",
        "ship_name",
        "ship_phone",
        "ship_country",
        "ship_province",
        "ship_city",
        "ship_district",
        "ship_street",
        "ship_postal_code",
        "ship_by",
    }
)
LINE_FIELDS = frozenset({"quantity", "unit_price", "discount", "tax", "sku_id"})
AMOUNT_FIELDS = frozenset({"shipping_fee", "discount", "tax", "total"})
TOTAL_FIELDS = AMOUNT_FIELDS | {"currency"}
# What can be corrected once parcels have left; a deadline only while something is still to leave.
_LATE_FIELDS = {
    OrderStatus.PARTIALLY_SHIPPED: CONTACT_FIELDS,
    OrderStatus.SHIPPED: CONTACT_FIELDS - {"ship_by"},
}
_VALIDATED_STATUSES = OrderStatus.OPEN - {OrderStatus.DRAFT}


@transaction.atomic
def edit_order(
    *,
    order_id: int,
    changes: Mapping[str, Any],
    actor: Actor,
    version: int | None = None,
    left: int | None = None,
    reason: str = "",
) -> Order:
    """Change contact, address or totals of an order: {field: new value}.

    `version` is the one that the person looked at, `left` how many parcels had left then. Raises Conflict if the order
    has changed since, or a parcel has left whose label names what is to be changed; DomainError
    for an amount below zero, for an order that has arrived, or has left where more than the contact changes: a parcel
    that came back is sent again to the corrected address. A change after release counts as a data error that escaped;
    it is refused, at its field, if validation would have held the order for it and won't look any more.
    """
    unknown = set(changes) - CONTACT_FIELDS - TOTAL_FIELDS
    if unknown:
        raise DomainError(_("This field can't be changed."), "not_editable", field=min(unknown))
    order = _lock_editable(order_id, version, changes)
    if problem := currency_problem(str(changes.get("currency", order.currency))):
        raise DomainError(problem, "currency", field="currency")
    for name in sorted(AMOUNT_FIELDS & set(changes)):
        check_amount(name, changes[name], str(changes.get("currency", order.currency)))
    before = {name: getattr(order, name) for name in changes if getattr(order, name) != changes[name]}
    if not before:
        return order
    _check_reach(order, before, left)
    known = facts_of_begun(order, at=timezone.now())
    _keep_paid(order, changes.get("total", order.total))
    for name in before:
        setattr(order, name, changes[name])
    order.ship_phone_e164 = parse_phone(order.ship_phone, order.ship_country).e164 or ""
    order.duplicate_key = duplicate_key_of(order)
    order.save(update_fields=[*before, "ship_phone_e164", "duplicate_key", "paid_amount"])
    finish_edit(order, {name: [str(old), str(changes[name])] for name, old in before.items()}, actor, reason)
    _follow_address(order, before, actor)
    if known is not None:
        refuse_new_errors(order, known)
    return order


@transaction.atomic
def edit_line(
    *,
    order_id: int,
    line_id: int,
    changes: Mapping[str, Any],
    actor: Actor,
    version: int | None = None,
    reason: str = "",
) -> Order:
    """Change SKU, quantity, price, discount or tax of one line before release; totals follow from the lines."""
    order = _lock_editable(order_id, version)
    if order.fulfilments.exclude(status="cancelled").exists():
        raise DomainError(_("Take the order back to review before changing its lines."), "allocated")
    unknown = set(changes) - LINE_FIELDS
    if unknown:
        raise DomainError(_("This field can't be changed."), "not_editable", field=min(unknown))
    before = list(order.lines.all())
    line = OrderLine.objects.get(pk=line_id, order=order)
    before_line = {name: getattr(line, name) for name in changes}
    for name, value in changes.items():
        setattr(line, name, value)
    _check_line(line, order.currency)
    line.total = round_money(line.quantity * line.unit_price - line.discount, order.currency)
    line.save()
    audit = {f"lines[{line.position}].{name}": [str(old), str(changes[name])] for name, old in before_line.items()}
    if "sku_id" in before_line:
        audit[f"lines[{line.position}].sku"] = _sku_codes(before_line["sku_id"], changes["sku_id"])
        del audit[f"lines[{line.position}].sku_id"]
    _recompute_totals(order, before)
    finish_edit(order, audit, actor, reason)
    return order


@transaction.atomic
def apply_suggestion(*, order_id: int, finding_id: int, actor: Actor) -> Order:
    """Take over what a finding suggests. Raises DomainError if it suggests nothing (any more)."""
    finding = Finding.objects.filter(pk=finding_id, order_id=order_id).select_related("order").first()
    if finding is None or not finding.suggestion:
        raise DomainError(_("The order has been checked again; this finding is gone."), "finding_gone")
    reason = _words_of(finding)
    return edit_order(order_id=order_id, changes=_suggested(finding), actor=actor, reason=reason)


@transaction.atomic
def apply_suggestions(*, order_id: int, actor: Actor) -> Order:
    """Take over everything that the order's findings suggest. Raises DomainError if nothing is suggested (any more)."""
    findings = list(
        Finding.objects.filter(order_id=order_id, suggestion__isnull=False).select_related("order").order_by("pk")
    )
    if not findings:
        raise DomainError(_("The order has been checked again; this finding is gone."), "finding_gone")
    changes: dict[str, Any] = {}
    for finding in findings:
        changes |= _suggested(finding)
    reason = run_on(*map(_words_of, findings))
    return edit_order(order_id=order_id, changes=changes, actor=actor, reason=reason)


def _words_of(finding: Finding) -> str:
    return message(finding.code, finding.params, finding.order.currency)


def _suggested(finding: Finding) -> dict[str, Any]:
    """The changes of the order that a finding suggests."""
    named = {ORDER_ATTRIBUTES.get(path, path): value for path, value in (finding.suggestion or {}).items()}
    return {name: Decimal(value) if name in AMOUNT_FIELDS else value for name, value in named.items()}


@transaction.atomic
def add_note(*, order_id: int, text: str, actor: Actor) -> None:
    """Put a remark on the order's timeline."""
    order = lock_order(order_id)
    if not text.strip():
        raise DomainError(_("Write something first."), "empty", field="text")
    record(
        action="orders.note",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=text.strip()[:2000],
    )


def revalidate(order: Order, *, at: datetime) -> None:
    """Validate an order that hasn't been released yet again."""
    if order.released_at is None and order.status in _VALIDATED_STATUSES:
        Order.objects.filter(pk=order.pk).update(validate_due_at=at)
        validate_at_once(order.pk)
        nudge(VALIDATE)


def _lock_editable(order_id: int, version: int | None, fields: Collection[str] | None = None) -> Order:
    """The order, locked; `fields` are those to change, None for something else than fields of the order."""
    order = lock_order(order_id)
    if version is not None and version != order.version:
        raise Conflict
    late = _LATE_FIELDS.get(OrderStatus(order.status))
    if order.status not in CORRECTABLE and (late is None or fields is None or not late.issuperset(fields)):
        raise _too_late(order)
    return order


def _check_reach(order: Order, changed: Collection[str], left: int | None) -> None:
    """A parcel that left while the correction was written has the old label: whoever writes it thinks otherwise."""
    if left is not None and is_on_label(order, changed) and (gone := left_count(order.pk)) > left:
        text = _(
            "A parcel has left in the meantime, to the recipient as it was. Save again to correct the order for what "
            "is sent after it."
        )
        raise Conflict(text, "parcel_left", left=gone)


def _too_late(order: Order) -> DomainError:
    if order.status == OrderStatus.PARTIALLY_SHIPPED:
        text = _("A part of this order has left; only recipient, buyer and deadline can still be corrected.")
        return DomainError(text, "shipped")
    if order.status == OrderStatus.SHIPPED:
        return DomainError(_("This order has left; only recipient and buyer can still be corrected."), "shipped")
    if order.status == OrderStatus.CANCELLED:
        return DomainError(_("This order is cancelled; its data can't be changed any more."), "cancelled")
    return DomainError(_("This order has arrived; its data can't be changed any more."), "delivered")


def _follow_address(order: Order, changed: Collection[str], actor: Actor) -> None:
    """Another place may be another warehouse's, and whatever a label says wrong sends its parcel astray.

    Until a warehouse picks, stock is given back and allocated anew where the place is another. In the same place, and
    once somebody picks, the order keeps its stock, and its parcels get other labels.
    """
    has_moved = not PLACE_FIELDS.isdisjoint(changed)
    if order.status not in ALLOCATABLE or not is_on_label(order, changed):
        return
    fulfilments = lock_fulfilments_of_orders([order.pk])
    live = [f for f in fulfilments if f.status not in GONE | {FulfilmentStatus.CANCELLED}]
    has_begun = any(f.status not in NOT_RELEASED | {FulfilmentStatus.RELEASED} for f in live)
    if has_begun or not has_moved:
        ask_for_labels([order], has_moved=has_moved)
    elif live:
        _choose_warehouse_again(order, fulfilments, actor)


def _keep_paid(order: Order, total: Decimal) -> None:
    """Another total changes nothing of what the customer has paid."""
    if order.payment_status == PaymentStatus.PAID:
        paid = order.balance.paid
        order.paid_amount = None if paid == total else paid


def _choose_warehouse_again(order: Order, fulfilments: Sequence[FulfilmentOrder], actor: Actor) -> None:
    now = timezone.now()
    released = [f.pk for f in fulfilments if f.status == FulfilmentStatus.RELEASED]
    unallocate_orders([order], at=now, actor=actor, reason=ADDRESS_CHANGED, intercept=True, leave_shipped=True)
    Order.objects.filter(pk=order.pk).update(allocate_due_at=now)
    if released:  # their labels name the old address
        publish(OrdersCancelled(order_ids=[], fulfilment_ids=released))
    if order.released_at is not None and not any(fulfilment.status in GONE for fulfilment in fulfilments):
        order.released_at = None
        order.save(update_fields=["released_at"])
        revalidate(order, at=now)
    nudge(ALLOCATE)


def check_amount(field: str, amount: Decimal, currency: str) -> None:
    """Raise DomainError, for `field`, for an amount below zero or smaller than the currency knows."""
    if amount < 0:
        raise DomainError(_("An amount can't be below zero."), "negative", field=field)
    if amount != round_money(amount, currency):
        raise DomainError(
            _("%(currency)s has no such small amounts.") % {"currency": currency}, "too_precise", field=field
        )


def _check_line(line: OrderLine, currency: str) -> None:
    for name in ("discount", "tax"):
        check_amount(name, getattr(line, name), currency)
    if line.unit_price < 0:
        raise DomainError(_("An amount can't be below zero."), "negative", field="unit_price")
    if line.discount > line.quantity * line.unit_price:
        raise DomainError(_("The discount is more than the line costs."), "exceeds_amount", field="discount")


def _sku_codes(old_id: int | None, new_id: int | None) -> list[str]:
    codes = dict(Sku.objects.filter(pk__in=[old_id, new_id]).values_list("pk", "code"))
    return [codes.get(old_id or 0, ""), codes.get(new_id or 0, "")]


def finish_edit(order: Order, audit: Mapping[str, Any], actor: Actor, reason: str) -> None:
    """What every correction ends with: a new version, the trail, and validation where it still looks at the order."""
    now = timezone.now()
    order.version += 1
    order.save(update_fields=["version"])
    record(
        action="orders.edited",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        changes=audit,
        reason=reason,
    )
    if order.released_at or order.status in ON_THE_WAY:
        DataError.objects.bulk_create(
            [
                DataError(order=order, source=DataErrorSource.CORRECTED, field=name, found_at=now)
                for name in audit
                if name in CONTACT_FIELDS
            ]
        )
    touch(order, actor=actor, at=now)
    revalidate(order, at=now)


def _recompute_totals(order: Order, before: Sequence[OrderLine]) -> None:
    """Let sums and duplicate key follow from the lines; the tax of the shipping stays, and whether `total` has tax
    on top of the prices or in them."""
    lines = list(order.lines.all())
    without_tax = order.items_total + order.shipping_fee - order.discount
    is_inclusive = order.total == without_tax != without_tax + order.tax
    order.items_total = sum((line.total for line in lines), Decimal(0))
    taxes_before = sum((line.tax for line in before), Decimal(0))
    order.tax = max(order.tax - taxes_before, Decimal(0)) + sum((line.tax for line in lines), Decimal(0))
    total = order.items_total + order.shipping_fee - order.discount + (0 if is_inclusive else order.tax)
    _keep_paid(order, total)
    order.total = total
    order.line_count = len(lines)
    order.unit_count = sum(line.quantity for line in lines)
    order.duplicate_key = duplicate_key_of(order)
    order.save(
        update_fields=["items_total", "tax", "total", "paid_amount", "line_count", "unit_count", "duplicate_key"]
    )

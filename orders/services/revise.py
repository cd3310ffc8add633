"""Taking over what a channel changed in an order that is known already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.actor import Actor
from core.audit.services import AuditRow, record_many
from core.cases.services import CaseSeed, open_cases
from core.db import copy_rows, update_rows
from core.stages import nudge
from inventory.selectors import resolve_skus
from orders.channels import canonical_payload
from orders.codes import CANCELLED_BY_CHANNEL, CHANGED_BY_CHANNEL, CHANNEL_CHANGE, ORDER_SUBJECT, VALIDATE
from orders.enums import IntakeOutcome, OrderStatus, PaymentStatus
from orders.locks import lock_fulfilments_of_orders, lock_orders, lock_reserved_stock
from orders.models import Channel, FulfilmentLine, IntakeMessage, Order, OrderLine
from orders.rules.balance import WITH_REFUND
from orders.rules.channel_change import changed_parts, describe, needs_allocation, needs_person
from orders.schema import CanonicalOrder, parse_order
from orders.selectors.facts import duplicate_keys_of
from orders.services.cancel import request_cancellation
from orders.services.intake_entries import defaults_of
from orders.services.intake_write import CONTENT_COLUMNS, LINE_COLUMNS, content_values, line_values
from orders.services.moves import move_orders
from orders.services.progress import begun_orders
from orders.services.readdress import ask_for_labels, is_on_label
from orders.services.unallocate import unallocate_orders

CHANGEABLE = frozenset(
    {OrderStatus.DRAFT, OrderStatus.PENDING_PAYMENT, OrderStatus.PENDING_REVIEW, OrderStatus.APPROVED}
)
_BY_PART: Mapping[str, tuple[str, ...]] = {
    "payment": ("payment_status", "payment_method", "payment_reference", "paid_at"),
    "customer": ("buyer_name", "buyer_email", "buyer_phone"),
    "shipping_address": tuple(name for name in CONTENT_COLUMNS if name.startswith("ship_") and name != "ship_by"),
    "lines": ("items_total", "line_count", "unit_count"),
}
_KEPT_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A newer version of an order; `content` is its fingerprint, `request_id` the request that brought it."""

    order_id: int
    order: CanonicalOrder
    content: str
    request_id: str = ""


@dataclass(slots=True)
class _Revision:
    """A change beside the locked order that it is for."""

    row: Order
    new: CanonicalOrder
    old: CanonicalOrder | None
    parts: frozenset[str]
    content: str
    has_begun: bool
    request_id: str

    @property
    def is_open(self) -> bool:
        """Whether nothing of the order has gone to a warehouse yet."""
        return self.row.released_at is None and not self.has_begun and self.row.status in CHANGEABLE

    @property
    def cancels(self) -> bool:
        return self.new.is_cancelled and self.row.status != OrderStatus.CANCELLED

    @property
    def revives(self) -> bool:
        """Whether the channel wants an order after all that it had cancelled."""
        was_off = self.row.status == OrderStatus.CANCELLED and (self.old is None or self.old.is_cancelled)
        return was_off and not self.new.is_cancelled


def apply_updates(changes: Sequence[Change], *, channel: Channel, actor: Actor, at: datetime) -> dict[int, str]:
    """Take over newer versions of orders of one channel, in the caller's transaction.

    Only what the channel changed is taken over, so a correction made here survives a message about something
    else. Before the release the order goes back to review, its stock is given back, and validation and
    allocation start over. After it, payment, tags and the buyer are taken over, with another label where it names
    the buyer, and anything else opens a case. A cancellation cancels, or asks a person where the warehouse has begun.

    Returns {order id: code of a reason} for orders where a person has to decide.
    """
    if not changes:
        return {}
    by_id = {change.order_id: change for change in changes}
    rows = [row for row in lock_orders(by_id) if row.payload_sha256 != by_id[row.pk].content]
    previous = last_versions(rows, channel)
    begun = begun_orders([row.pk for row in rows])
    revisions = [
        _Revision(
            row,
            change.order,
            previous.get(row.pk),
            changed_parts(previous.get(row.pk), change.order),
            change.content,
            row.pk in begun,
            change.request_id,
        )
        for row in rows
        for change in [by_id[row.pk]]
    ]
    open_ones = [revision for revision in revisions if revision.is_open and not revision.cancels]
    cancelled = [revision for revision in revisions if revision.cancels]
    if cancelled:
        _lock_stock_of([*open_ones, *cancelled])
    _return_to_review(open_ones, actor=actor, at=at)
    _replace_lines([revision for revision in open_ones if "lines" in revision.parts], channel)
    corrected = _write(revisions, channel, at)
    ask_for_labels([r.row for r in corrected if not r.is_open and not r.cancels], has_moved=False)
    _renew_duplicate_keys(open_ones)
    _audit(revisions, actor)
    if open_ones:
        nudge(VALIDATE)
    late = _open_cases([r for r in revisions if not r.is_open and not r.cancels], channel, at)
    return late | _cancel(cancelled, actor=actor, at=at)


def last_versions(rows: Sequence[Order], channel: Channel) -> dict[int, CanonicalOrder]:
    """What the channel said last of orders, read from the kept message whose fingerprint each of them has."""
    wanted = {row.pk: row.payload_sha256 for row in rows}
    messages = IntakeMessage.objects.filter(
        order__in=wanted, outcome__in=(IntakeOutcome.ACCEPTED, IntakeOutcome.UPDATED)
    ).order_by("-last_seen_at")
    found: dict[int, CanonicalOrder] = {}
    defaults = defaults_of(channel)
    for message in messages[: _KEPT_MESSAGES * len(wanted)]:
        order_id = message.order_id
        if order_id is None or order_id in found:
            continue
        version = parse_order(canonical_payload(message.source, message.raw), defaults)
        if isinstance(version, CanonicalOrder) and version.content_sha256() == wanted[order_id]:
            found[order_id] = version
    return found


def _lock_stock_of(revisions: Sequence[_Revision]) -> None:
    """Every cancellation gives stock back by itself, after what the others gave back."""
    fulfilments = lock_fulfilments_of_orders(revision.row.pk for revision in revisions)
    lock_reserved_stock([fulfilment.pk for fulfilment in fulfilments])


def _return_to_review(revisions: Sequence[_Revision], *, actor: Actor, at: datetime) -> None:
    """Give back the stock of orders whose goods or address changed; the approved ones are looked at again."""
    rows = [revision.row for revision in revisions if needs_allocation(revision.parts)]
    if not rows:
        return
    unallocate_orders(rows, at=at, actor=actor, reason=CHANGED_BY_CHANNEL)
    approved = [row for row in rows if row.status == OrderStatus.APPROVED]
    move_orders(approved, OrderStatus.PENDING_REVIEW, at=at, actor=actor, reason=CHANGED_BY_CHANNEL)


def _replace_lines(revisions: Sequence[_Revision], channel: Channel) -> None:
    if not revisions:
        return
    refs = resolve_skus(channel.code, {line.sku for revision in revisions for line in revision.new.lines})
    order_ids = [revision.row.pk for revision in revisions]
    # Lines of fulfilment orders that were cancelled before the warehouse saw them.
    FulfilmentLine.objects.filter(order_line__order__in=order_ids).delete()
    OrderLine.objects.filter(order__in=order_ids).delete()
    copy_rows(
        OrderLine,
        LINE_COLUMNS,
        [row for revision in revisions for row in line_values(revision.row.pk, revision.new, refs)],
    )


def _write(revisions: Sequence[_Revision], channel: Channel, at: datetime) -> list[_Revision]:
    """One UPDATE for all: the columns of the parts that changed, the others as they are.

    Returns those that change what a label says. The rows in memory stay as they were.
    """
    refs = resolve_skus(channel.code, {line.sku for revision in revisions for line in revision.new.lines})
    rows, on_labels = [], []
    for revision in revisions:
        row, new = revision.row, revision.new
        values = dict(zip(CONTENT_COLUMNS, content_values(new, row.customer_id, refs), strict=True))
        mine = _columns(revision)
        values["payment_status"], paid_amount = _money(revision, mine)
        kept = [values[name] if name in mine else getattr(row, name) for name in CONTENT_COLUMNS]
        changed = [name for name, value in zip(CONTENT_COLUMNS, kept, strict=True) if value != getattr(row, name)]
        if is_on_label(row, changed):
            on_labels.append(revision)
        due = at if revision.is_open and row.status != OrderStatus.DRAFT else row.validate_due_at
        updated_at = new.updated_at or row.channel_updated_at
        rows.append((row.pk, *kept, paid_amount, revision.content, updated_at, due, row.version + 1))
    update_rows(
        Order,
        "id",
        (*CONTENT_COLUMNS, "paid_amount", "payload_sha256", "channel_updated_at", "validate_due_at", "version"),
        rows,
    )
    return on_labels


def _money(revision: _Revision, mine: Collection[str]) -> tuple[str, Decimal | None]:
    """Payment status and known amount afterwards: what people noted stays until the channel says something else.

    "Paid" said again, or said only now, doesn't bring money back that was refunded here.
    """
    row, old, new = revision.row, revision.old, revision.new
    said, is_paid = str(new.payment.status), new.payment.status == PaymentStatus.PAID
    is_known = said == row.payment_status or (old is not None and old.payment.status == new.payment.status)
    is_refunded = row.paid_amount is not None and row.payment_status in WITH_REFUND
    if is_known or (is_paid and is_refunded):
        has_new_total = "total" in mine and new.total != (old or row).total
        is_told_anew = has_new_total and row.payment_status == PaymentStatus.PAID
        return row.payment_status, None if is_told_anew else row.paid_amount
    # Paid is what the channel charged, whatever the total has been corrected to here.
    is_corrected = "total" not in mine and new.total != row.total and new.currency == row.currency
    return said, new.total if is_paid and is_corrected else None


def _columns(revision: _Revision) -> Collection[str]:
    """The columns to take over. After the release, what people would have to act on stays as it is."""
    columns: set[str] = set()
    for part in revision.parts:
        names = _BY_PART.get(part, (part,))
        if (revision.is_open and not revision.cancels) or part in {"payment", "tags", "customer", "display_number"}:
            columns.update(names)
    return columns


def _renew_duplicate_keys(revisions: Sequence[_Revision]) -> None:
    """From what the orders hold now: beside what the channel changed, people may have corrected the rest."""
    changed = [revision.row.pk for revision in revisions if needs_allocation(revision.parts)]
    orders = list(Order.objects.filter(pk__in=changed))
    keys = duplicate_keys_of(orders)
    moved = [(order.pk, keys[order.pk]) for order in orders if order.duplicate_key != keys[order.pk]]
    update_rows(Order, "id", ("duplicate_key",), moved)


def _audit(revisions: Sequence[_Revision], actor: Actor) -> None:
    record_many(
        [
            AuditRow(
                "orders.changed_by_channel",
                actor,
                ORDER_SUBJECT,
                revision.row.pk,
                revision.row.number,
                describe(revision.old, revision.new, revision.parts),
                request_id=revision.request_id,
            )
            for revision in revisions
        ]
    )


def _open_cases(revisions: Sequence[_Revision], channel: Channel, at: datetime) -> dict[int, str]:
    late = [
        revision
        for revision in revisions
        if (needs_person(revision.parts) or revision.revives)
        and not (revision.new.is_cancelled and revision.row.cancelled_at)
    ]
    open_cases([_seed(revision, channel, at) for revision in late])
    return {revision.row.pk: "after_release" for revision in late}


def _seed(revision: _Revision, channel: Channel, at: datetime) -> CaseSeed:
    changes: dict[str, Any] = describe(revision.old, revision.new, revision.parts)
    return CaseSeed(
        type=CHANNEL_CHANGE,
        subject_type=ORDER_SUBJECT,
        subject_id=revision.row.pk,
        subject_label=revision.row.number,
        cause_at=at,
        channel_id=channel.pk,
        summary_code="changed",
        summary_params={"fields": ", ".join(sorted(changes))},
        data={"changes": changes},
    )


def _cancel(revisions: Sequence[_Revision], *, actor: Actor, at: datetime) -> dict[int, str]:
    """One by one: cancellations are rare, and each may have to be stopped in the warehouse."""
    waiting = {}
    for revision in revisions:
        cancelled = request_cancellation(order_id=revision.row.pk, at=at, actor=actor, reason=CANCELLED_BY_CHANNEL)
        if not cancelled:
            waiting[revision.row.pk] = "cancellation_requested"
    return waiting

"""The validation stage: rules look at orders, findings become holds and cases, clean orders go on.

Validation owns the holds that it placed: each run places what its findings ask for and takes away what they no
longer do. What a person has accepted stays accepted for as long as the held values stay the same.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.services import CaseSeed, clear_cases, open_cases
from core.db import claim, insert_rows, update_rows
from core.outbox.services import publish
from orders.codes import ORDER_SUBJECT, VALIDATED_AGAIN, VALIDATION_FAILED
from orders.enums import HoldReason, OrderStatus
from orders.events import OrdersHeld
from orders.models import Finding, Hold, Order, OrderLine
from orders.rules.held_values import held_value
from orders.rules.validation import FindingDraft, OrderFacts, validate
from orders.selectors.facts import StoredLine, order_facts, stored_lines
from orders.services.approval import approve_orders
from orders.services.holds import NewHold, place_holds, release_holds
from orders.services.moves import move_orders

logger = logging.getLogger(__name__)

LOOK_AGAIN_AFTER = timedelta(minutes=5)
_IN_REVIEW = (OrderStatus.PENDING_REVIEW, OrderStatus.PENDING_PAYMENT)
_FINDING = ("order_id", "code", "severity", "field", "params", "expected", "suggestion", "found_at")

Lines = Mapping[int, list[StoredLine]]
Findings = Mapping[int, Sequence[FindingDraft]]


def validate_batch(limit: int) -> int:
    """Validate up to `limit` orders that are due; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        orders = claim(Order.objects.filter(validate_due_at__lte=now).order_by("validate_due_at", "id"), limit)
        if orders:
            _validate(orders, now)
        return len(orders)


def validate_orders(order_ids: Collection[int]) -> int:
    """Validate these orders as far as they are due and in nobody's hands; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        due = Order.objects.filter(pk__in=order_ids, validate_due_at__lte=now).order_by("validate_due_at", "id")
        orders = claim(due, len(order_ids))
        if orders:
            _validate(orders, now)
        return len(orders)


def validate_at_once(order_id: int) -> None:
    """Validate an order when the transaction commits: somebody waits to see what comes of a correction.

    What fails here, or is in a worker's hands already, stays due for the stage.
    """
    transaction.on_commit(partial(validate_orders, [order_id]), robust=True)


def _validate(orders: Sequence[Order], now: datetime) -> None:
    lines = stored_lines([order.pk for order in orders])
    facts = order_facts(orders, lines, now=now)
    findings = _findings_of(facts)
    stumbled = [order for order in orders if order.pk not in findings]
    update_rows(Order, "id", ("validate_due_at",), [(order.pk, now + LOOK_AGAIN_AFTER) for order in stumbled])
    orders = [order for order in orders if order.pk in findings]
    facts = [fact for fact in facts if fact.order_id in findings]
    _write_findings(orders, findings, now)
    _write_skus(facts, lines)
    _settle_holds(orders, lines, findings, now)
    _settle_status(orders, findings, now)


def _findings_of(facts: Sequence[OrderFacts]) -> dict[int, list[FindingDraft]]:
    """What is wrong with each order. One that a rule trips over is left out, and stops no other."""
    findings = {}
    for fact in facts:
        try:
            findings[fact.order_id] = validate(fact)
        except Exception:
            logger.exception("Order %s can't be validated", fact.order_id)
    return findings


def _write_findings(orders: Sequence[Order], findings: Findings, now: datetime) -> None:
    """Replace the orders' findings. A first validation has none to delete."""
    again = [order.pk for order in orders if order.validated_at]
    if again:
        Finding.objects.filter(order__in=again).delete()
    insert_rows(
        Finding,
        _FINDING,
        [
            (order_id, f.code, f.severity, f.field, f.params, f.expected, f.suggestion, now)
            for order_id, some in findings.items()
            for f in some
        ],
    )


def _write_skus(facts: Iterable[OrderFacts], lines: Lines) -> None:
    """Note the SKUs that codes resolve to by now."""
    rows = []
    for fact in facts:
        mine = lines.get(fact.order_id, [])
        for place, (line, known) in enumerate(zip(mine, fact.lines, strict=True)):
            if line.sku_id is None and known.sku is not None:
                mine[place] = line._replace(sku_id=known.sku.id)
                rows.append((line.id, known.sku.id))
    update_rows(OrderLine, "id", ("sku_id",), rows)


def _settle_holds(orders: Sequence[Order], lines: Lines, findings: Findings, now: datetime) -> None:
    held = _holds_of(orders)
    by_id = {order.pk: order for order in orders}
    to_place: list[NewHold] = []
    to_release: list[Hold] = []
    for order in orders:
        wanted = {finding.hold for finding in findings[order.pk] if finding.hold}
        mine = held.get(order.pk, ())
        to_place += _missing(order, lines.get(order.pk, ()), wanted, mine)
        to_release += [
            hold for hold in mine if _is_automatic(hold) and not hold.released_at and hold.reason not in wanted
        ]
    for order_id, count in place_holds(to_place, at=now, actor=SYSTEM).items():
        by_id[order_id].open_hold_count = count
    release_holds(to_release, by_id, at=now, actor=SYSTEM, note=VALIDATED_AGAIN)


def _holds_of(orders: Sequence[Order]) -> dict[int, list[Hold]]:
    """All holds, open or not, of orders that were looked at before; new orders have none."""
    known = [order.pk for order in orders if order.validated_at or order.open_hold_count]
    holds: dict[int, list[Hold]] = defaultdict(list)
    if known:
        for hold in Hold.objects.filter(order__in=known):
            holds[hold.order_id].append(hold)
    return holds


def _missing(
    order: Order, lines: Sequence[StoredLine], wanted: Iterable[HoldReason], held: Sequence[Hold]
) -> list[NewHold]:
    """The holds to place: those wanted that aren't open and that nobody has accepted for these values."""
    missing = []
    for reason in wanted:
        value = held_value(reason, order, lines)
        same_reason = [hold for hold in held if hold.reason == reason]
        is_open = any(hold.released_at is None for hold in same_reason)
        accepted = any(hold.released_by_id and hold.held_value_sha256 == value for hold in same_reason)
        if not is_open and not accepted:
            missing.append(NewHold(order.pk, reason, value))
    return missing


def _is_automatic(hold: Hold) -> bool:
    return hold.placed_by_id is None and hold.reason in HoldReason.AUTOMATIC  # type: ignore[attr-defined]


def _settle_status(orders: Sequence[Order], findings: Findings, now: datetime) -> None:
    held = [order for order in orders if order.open_hold_count]
    clean = [order for order in orders if not order.open_hold_count]
    # A first validation has no case to clear: only validation opens them.
    clear_cases(VALIDATION_FAILED, [order.pk for order in clean if order.validated_at])
    to_approve = [order for order in clean if order.status in _IN_REVIEW]
    approve_orders(to_approve, at=now, actor=SYSTEM, also={"validate_due_at": None, "validated_at": now})
    stay = [order for order in orders if order.validate_due_at is not None]
    update_rows(Order, "id", ("validate_due_at", "validated_at"), [(order.pk, None, now) for order in stay])
    if not held:
        return
    unpaid = [o for o in held if _waits_for_payment(findings[o.pk]) and o.status == OrderStatus.PENDING_REVIEW]
    move_orders(unpaid, OrderStatus.PENDING_PAYMENT, at=now, actor=SYSTEM)
    others = [o for o in held if not _waits_for_payment(findings[o.pk]) and o.status == OrderStatus.PENDING_PAYMENT]
    move_orders(others, OrderStatus.PENDING_REVIEW, at=now, actor=SYSTEM)
    open_cases([seed for order in held if (seed := _seed(order, findings[order.pk]))])
    publish(OrdersHeld(order_ids=[order.pk for order in held]))


def _waits_for_payment(findings: Sequence[FindingDraft]) -> bool:
    return {finding.hold for finding in findings if finding.hold} == {HoldReason.PAYMENT}


def _seed(order: Order, findings: Sequence[FindingDraft]) -> CaseSeed | None:
    """A case for everything but payment: that is the customer's turn, no exception."""
    reasons = {finding.hold for finding in findings if finding.hold} - {HoldReason.PAYMENT}
    if not reasons:
        return None
    return CaseSeed(
        type=VALIDATION_FAILED,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        summary_code=next(iter(reasons)).value if len(reasons) == 1 else "several",
        summary_params={"count": len(reasons)},
        cause_at=order.received_at,
        channel_id=order.channel_id,
    )

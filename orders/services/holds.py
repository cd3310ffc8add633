"""Holds: placed and released one by one by people, in sets by validation."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.rights import may, refusal
from core.actor import SYSTEM, Actor
from core.audit.services import AuditRow, record_many
from core.cases.services import clear_cases
from core.db import insert_rows, update_rows
from core.exceptions import DomainError
from orders.codes import DATE_HAS_COME, ORDER_SUBJECT, VALIDATION_FAILED, order_number
from orders.enums import HoldReason, OrderStatus
from orders.locks import lock_order
from orders.models import Hold, Order, OrderLine
from orders.rules.held_values import held_value
from orders.rules.hold_policy import not_releasable, release_right
from orders.services.approval import approve_orders, require_known_skus
from orders.services.moves import touch

logger = logging.getLogger(__name__)

RELEASED_ALREADY = "released_already"
_NAMED = 5
_COLUMNS = (
    "order_id",
    "reason",
    "note",
    "until",
    "placed_at",
    "placed_by_id",
    "held_value_sha256",
    "release_note",
)


class NewHold(NamedTuple):
    order_id: int
    reason: HoldReason
    held_value_sha256: str
    note: str = ""
    until: datetime | None = None


@transaction.atomic
def hold_order(
    *, order_id: int, reason: HoldReason, actor: Actor, note: str = "", until: datetime | None = None
) -> Hold:
    """Hold an order. Raises DomainError if it is past release or held for this reason already."""
    now = timezone.now()
    order = lock_order(order_id)
    if order.status not in OrderStatus.OPEN or order.released_at:
        raise DomainError(_("This order has been released; intercept its parcels instead."), "order_released")
    if reason == HoldReason.UNTIL_DATE and (until is None or until <= now):
        raise DomainError(_("Give a time in the future."), "until_past", field="until")
    value = held_value(reason, order, order.lines.all())
    if not place_holds([NewHold(order_id, reason, value, note, until)], at=now, actor=actor):
        raise DomainError(_("This order is on hold for this reason already."), "held_already", field="reason")
    touch(order, actor=actor, at=now)
    return order.holds.get(reason=reason, released_at=None)


@transaction.atomic
def release_hold(*, hold_id: int, actor: Actor, note: str = "") -> Order:
    """Release one hold; the last one gone lets the order go on by itself.

    Raises PermissionRequired for a person without the right that the hold's reason takes, and DomainError if it was
    released already, or if it stands for an article that nobody knows.
    """
    hold = Hold.objects.select_related("order").get(pk=hold_id)
    if not may(actor)(release_right(hold.reason)):
        raise refusal(release_right(hold.reason))
    order = lock_order(hold.order_id)
    hold.refresh_from_db()
    if hold.released_at:
        raise DomainError(_("This hold has been released already."), RELEASED_ALREADY)
    if hold.reason == HoldReason.STOCK:
        require_known_skus(order)
    now = timezone.now()
    release_holds([hold], {order.pk: order}, at=now, actor=actor, note=note)
    touch(order, actor=actor, at=now)
    if order.open_hold_count == 0:
        clear_cases(VALIDATION_FAILED, [order.pk])
        if order.status in (OrderStatus.PENDING_REVIEW, OrderStatus.PENDING_PAYMENT):
            approve_orders([order], at=now, actor=actor)
    return order


@transaction.atomic
def release_all_holds(*, order_id: int, actor: Actor, note: str) -> Order:
    """Accept an order as it is: release every open hold. Raises DomainError without a reason.

    Raises PermissionRequired, and releases nothing, where one of them isn't the person's to release.
    """
    order, left = release_own_holds(order_id=order_id, actor=actor, note=note)
    if left:
        raise refusal(release_right(left[0]))
    return order


@transaction.atomic
def release_own_holds(*, order_id: int, actor: Actor, note: str) -> tuple[Order, list[HoldReason]]:
    """Release those open holds that are the person's to release; returns the order and the reasons that are left."""
    if not note.strip():
        raise DomainError(_("Say why the order is right as it is."), "reason_required", field="reason")
    order = lock_order(order_id)
    holds = list(order.holds.filter(released_at=None).order_by("pk"))
    left = not_releasable((hold.reason for hold in holds), may(actor))
    for hold in holds:
        if hold.reason not in left:
            order = release_hold(hold_id=hold.pk, actor=actor, note=note)
    return order, left


def place_holds(holds: Sequence[NewHold], *, at: datetime, actor: Actor) -> dict[int, int]:
    """Place holds on locked orders; one that is open already for the same reason stays as it is.

    Returns {order id: number of its open holds} of the orders that got a new one.
    """
    placed = insert_rows(
        Hold,
        _COLUMNS,
        [(h.order_id, h.reason, h.note[:500], h.until, at, actor.user_id, h.held_value_sha256, "") for h in holds],
        on_conflict="ON CONFLICT (order_id, reason) WHERE released_at IS NULL DO NOTHING",
        returning=("order_id", "reason"),
    )
    _audit("orders.hold_placed", placed, actor)
    return recount_holds({order_id for order_id, _reason in placed})


def release_holds(
    holds: Sequence[Hold], orders: Mapping[int, Order], *, at: datetime, actor: Actor, note: str = ""
) -> None:
    """Release open holds of locked orders, noting for each whether what it held has changed."""
    if not holds:
        return
    lines = _lines_of(hold.order_id for hold in holds)
    rows = []
    for hold in holds:
        now_value = held_value(HoldReason(hold.reason), orders[hold.order_id], lines.get(hold.order_id, ()))
        changed = now_value != hold.held_value_sha256
        # The value kept from now on is the one that was accepted: validation compares with it.
        rows.append((hold.pk, at, actor.user_id, note[:500], changed, now_value))
    columns = ("released_at", "released_by_id", "release_note", "value_changed", "held_value_sha256")
    update_rows(Hold, "id", columns, rows)
    _audit("orders.hold_released", [(h.order_id, h.reason) for h in holds], actor, note)
    counts = recount_holds({hold.order_id for hold in holds})
    for order_id, open_count in counts.items():
        orders[order_id].open_hold_count = open_count


class HoldsStuck(Exception):
    """Holds whose date has come and that can't be released; the last one's error is the cause."""


def due_holds(now: datetime) -> QuerySet[Hold]:
    """The open holds whose date has come, but those for an article that nobody knows: they wait for it."""
    unknown = Q(reason=HoldReason.STOCK) & Exists(OrderLine.objects.filter(order=OuterRef("order"), sku=None))
    return Hold.objects.filter(~unknown, released_at=None, until__lte=now).order_by("until", "pk")


def release_due_batch(limit: int) -> int:
    """Stage: release up to `limit` holds whose date has come, each by itself; returns how many are no longer due.

    One that fails takes no other's place, because it doesn't count: those behind it have their turn in the same
    batch. It is tried again in every one. Raises HoldsStuck where nothing but such holds is left, so that the System
    page shows the stage as failing; it backs off then, so what becomes due meanwhile may wait some minutes.
    """
    released, stuck = 0, []
    cause: Exception | None = None
    for hold_id in list(due_holds(timezone.now()).values_list("pk", flat=True)):
        try:
            _release_due(hold_id)
        except Exception as error:
            logger.exception("Hold %s can't be released", hold_id)
            stuck.append(hold_id)
            cause = error
        else:
            released += 1
        if released == limit:
            break
    if stuck and not released:
        some = ", ".join(str(hold_id) for hold_id in stuck[:_NAMED])
        raise HoldsStuck(f"{len(stuck)} holds can't be released, among them {some}") from cause
    return released


def _release_due(hold_id: int) -> None:
    try:
        release_hold(hold_id=hold_id, actor=SYSTEM, note=DATE_HAS_COME)
    except DomainError as error:
        if error.code != RELEASED_ALREADY:  # by a person, at this moment
            raise


def recount_holds(order_ids: Iterable[int]) -> dict[int, int]:
    """Write the number of open holds to orders; returns it by order id."""
    ids = sorted(order_ids)
    if not ids:
        return {}
    counted = (
        Order.objects.filter(pk__in=ids)
        .annotate(open_holds=Count("holds", filter=Q(holds__released_at=None)))
        .values_list("pk", "open_holds")
    )
    rows = list(counted)
    update_rows(Order, "id", ("open_hold_count",), rows)
    return dict(rows)


def _lines_of(order_ids: Iterable[int]) -> dict[int, list[OrderLine]]:
    lines: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order_id__in=list(order_ids)).order_by("order_id", "position"):
        lines.setdefault(line.order_id, []).append(line)
    return lines


def _audit(action: str, rows: Iterable[tuple[int, str]], actor: Actor, note: str = "") -> None:
    record_many(
        [
            AuditRow(action, actor, ORDER_SUBJECT, order_id, order_number(order_id), {"hold": [None, reason]}, note)
            for order_id, reason in rows
        ]
    )

"""Changes of status: checked against the transition tables, written in sets, kept in the history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.actor import Actor
from core.db import insert_rows, update_rows
from orders.enums import FULFILMENT_TRANSITIONS, ORDER_TRANSITIONS, FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order, OrderHistory

# The instant that a status stamps on its row.
ORDER_STAMPS = {
    OrderStatus.APPROVED: "approved_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.DELIVERED: "delivered_at",
    OrderStatus.COMPLETED: "completed_at",
    OrderStatus.CANCELLED: "cancelled_at",
}
FULFILMENT_STAMPS = {
    FulfilmentStatus.ALLOCATED: "allocated_at",
    FulfilmentStatus.RELEASED: "released_at",
    FulfilmentStatus.PICKING: "picking_at",
    FulfilmentStatus.PACKED: "packed_at",
    FulfilmentStatus.SHIPPED: "shipped_at",
    FulfilmentStatus.DELIVERED: "delivered_at",
    FulfilmentStatus.CANCELLED: "cancelled_at",
}
_HISTORY = (
    "order_id",
    "fulfilment_id",
    "at",
    "from_status",
    "to_status",
    "actor_id",
    "actor_label",
    "reason",
)


def move_orders(
    orders: Sequence[Order],
    to: OrderStatus,
    *,
    at: datetime,
    actor: Actor,
    reason: str = "",
    also: Mapping[str, Any] | None = None,
) -> None:
    """Move locked orders to a status: two statements for any number.

    Orders that are there already stay untouched. Raises IllegalTransition before anything is written.
    `also` are columns to set with the same UPDATE: every UPDATE of an order writes all of its indexes anew.
    What is written is set on the given objects too.
    """
    moving = [order for order in orders if order.status != to]
    for order in moving:
        ORDER_TRANSITIONS.check(OrderStatus(order.status), to)
    values = {"status": to, **({ORDER_STAMPS[to]: at} if to in ORDER_STAMPS else {}), **(also or {})}
    update_rows(Order, "id", list(values), [(order.pk, *values.values()) for order in moving])
    write_history([(order.pk, None, order.status, to) for order in moving], at=at, actor=actor, reason=reason)
    for order in moving:
        for column, value in values.items():
            setattr(order, column, value)


def move_fulfilments(
    fulfilments: Sequence[FulfilmentOrder],
    to: FulfilmentStatus,
    *,
    at: datetime,
    actor: Actor,
    reason: str = "",
) -> None:
    """Move locked fulfilment orders to a status, like move_orders()."""
    moving = [fulfilment for fulfilment in fulfilments if fulfilment.status != to]
    for fulfilment in moving:
        FULFILMENT_TRANSITIONS.check(FulfilmentStatus(fulfilment.status), to)
    columns = ["status"]
    stamp = FULFILMENT_STAMPS.get(to)
    if stamp:
        columns.append(stamp)
    update_rows(FulfilmentOrder, "id", columns, [(f.pk, to, at)[: len(columns) + 1] for f in moving])
    write_history([(f.order_id, f.pk, f.status, to) for f in moving], at=at, actor=actor, reason=reason)
    for fulfilment in moving:
        fulfilment.status = to
        if stamp:
            setattr(fulfilment, stamp, at)


def write_history(
    rows: Sequence[tuple[int, int | None, str, str]], *, at: datetime, actor: Actor, reason: str = ""
) -> None:
    """Add history rows of (order id, fulfilment id or None, from, to) with one statement."""
    insert_rows(
        OrderHistory,
        _HISTORY,
        [
            (
                order_id,
                fulfilment_id,
                at,
                from_status,
                to_status,
                actor.user_id,
                actor.label[:120],
                reason[:255],
            )
            for order_id, fulfilment_id, from_status, to_status in rows
        ],
    )


def touch(order: Order, *, actor: Actor, at: datetime) -> None:
    """Note that a person worked on the order before its release, so it no longer counts as touchless."""
    if actor.kind == "user" and order.first_touched_at is None:
        order.first_touched_at = at
        Order.objects.filter(pk=order.pk, first_touched_at=None).update(first_touched_at=at)

"""How far an order is, as its fulfilment orders tell: (partly) shipped, delivered."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max

from core.actor import Actor
from core.db import update_rows
from orders.enums import FulfilmentStatus, OrderStatus
from orders.locks import lock_orders
from orders.models import FulfilmentOrder, Order
from orders.services.moves import move_orders

GONE = frozenset({FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED})
NOT_RELEASED = frozenset({FulfilmentStatus.PLANNED, FulfilmentStatus.BACKORDERED, FulfilmentStatus.ALLOCATED})


def live_statuses(order_ids: Collection[int]) -> dict[int, set[str]]:
    """The statuses of each order's fulfilment orders, cancelled ones left out; orders without any are absent."""
    statuses: dict[int, set[str]] = {}
    rows = (
        FulfilmentOrder.objects.filter(order_id__in=order_ids)
        .exclude(status=FulfilmentStatus.CANCELLED)
        .values_list("order_id", "status")
    )
    for order_id, status in rows:
        statuses.setdefault(order_id, set()).add(status)
    return statuses


def begun_orders(order_ids: Collection[int]) -> set[int]:
    """Those of these orders of which a warehouse has a part, or has sent one."""
    begun = FulfilmentOrder.objects.filter(order_id__in=order_ids).exclude(
        status__in=[*NOT_RELEASED, FulfilmentStatus.CANCELLED]
    )
    return set(begun.values_list("order_id", flat=True))


def left_count(order_id: int) -> int:
    """How many parcels of an order have left."""
    return FulfilmentOrder.objects.filter(order_id=order_id, status__in=GONE).count()


def settle_shipped(order_ids: Collection[int], *, at: datetime, actor: Actor) -> None:
    """Parcels of these orders have left."""
    statuses = live_statuses(order_ids)
    orders = lock_orders(order_ids)
    # An order with a part still to be allocated has more to come even if no row shows it yet.
    whole = [o for o in orders if statuses[o.pk] <= GONE and o.allocate_due_at is None]
    partial = [o for o in orders if o not in whole and o.status == OrderStatus.APPROVED]
    move_orders(whole, OrderStatus.SHIPPED, at=at, actor=actor)
    move_orders(partial, OrderStatus.PARTIALLY_SHIPPED, at=at, actor=actor)


def settle_delivered(order_ids: Collection[int], *, at: datetime, actor: Actor) -> None:
    """Parcels of these orders have arrived."""
    statuses = live_statuses(order_ids)
    orders = lock_orders(order_ids)
    done = [o for o in orders if statuses[o.pk] == {FulfilmentStatus.DELIVERED} and o.status == OrderStatus.SHIPPED]
    move_orders(done, OrderStatus.DELIVERED, at=at, actor=actor)


def settle_rest(orders: Collection[Order], *, actor: Actor, reason: str = "") -> None:
    """Nothing more will be sent of these locked, partly shipped orders: they are as far as their last parcel."""
    statuses = live_statuses([order.pk for order in orders])
    whole = [order for order in orders if order.pk in statuses and statuses[order.pk] <= GONE]
    parcels = FulfilmentOrder.objects.filter(order__in=[order.pk for order in whole], status__in=GONE)
    latest = parcels.values("order_id").annotate(r=Max("released_at"), s=Max("shipped_at"), d=Max("delivered_at"))
    times = {row["order_id"]: row for row in latest}
    for order in whole:
        seen = times[order.pk]
        update_rows(Order, "id", ("released_at",), [(order.pk, order.released_at or seen["r"])])
        move_orders([order], OrderStatus.SHIPPED, at=seen["s"], actor=actor, reason=reason)
        if statuses[order.pk] == {FulfilmentStatus.DELIVERED}:
            move_orders([order], OrderStatus.DELIVERED, at=seen["d"], actor=actor, reason=reason)

"""The allocation stage: gives approved orders stock, or a place in the queue for it.

A batch takes the same number of statements for 1 order and for 500. Stock levels are locked late, all at
once and in order of id; the plan is made in memory from what the locks show; then everything is written.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.services import CaseSeed, clear_cases, open_cases
from core.db import claim, insert_rows, next_ids, update_rows
from core.outbox.services import publish
from core.stages import nudge
from inventory.locks import lock_levels
from inventory.rules.stock import Claim
from inventory.rules.stock import Demand as WaitingFor
from inventory.services import clear_demand, reserve, set_demand
from orders.codes import DEMAND_DOCUMENT, NOTHING_TO_SHIP, ORDER_SUBJECT, OUT_OF_STOCK, RELEASE, RESERVATION_DOCUMENT
from orders.enums import ALLOCATABLE, FulfilmentStatus, OrderStatus
from orders.events import OrdersBackordered
from orders.models import FulfilmentLine, FulfilmentOrder, Order, OrderLine
from orders.rules.allocation import Demand, DemandLine, Part, Plan, WarehouseFacts, plan_orders
from orders.selectors.allocation import open_demands, warehouse_facts
from orders.services.moves import move_fulfilments, move_orders, write_history
from orders.services.progress import live_statuses, settle_rest

_FULFILMENT = (
    "id",
    "number",
    "order_id",
    "warehouse_id",
    "status",
    "scores",
    "weight_g",
    "created_at",
    "allocated_at",
)
_LINE = ("id", "fulfilment_id", "order_line_id", "sku_id", "quantity", "picked_quantity", "packed_quantity")


@dataclass(slots=True)
class _Writes:
    """Rows collected from the plans of a batch, each written with one statement."""

    fulfilments: list[tuple[Any, ...]] = field(default_factory=list)
    taken_over: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    waiting: list[WaitingFor] = field(default_factory=list)
    history: list[tuple[int, int | None, str, str]] = field(default_factory=list)


def allocate_batch(limit: int) -> int:
    """Allocate up to `limit` orders that are due; returns how many were looked at."""
    now = timezone.now()
    with transaction.atomic():
        orders = claim(
            Order.objects.filter(allocate_due_at__lte=now, status__in=ALLOCATABLE).order_by("allocate_due_at", "id"),
            limit,
        )
        if orders:
            _allocate(orders, now)
        return len(orders)


def _allocate(orders: Sequence[Order], now: datetime) -> None:
    demands = open_demands(orders)
    warehouses = warehouse_facts()
    stock = _lock_stock(demands, warehouses)
    plans = plan_orders(demands, warehouses, stock)
    by_id = {order.pk: order for order in orders}
    earlier = _fulfilments_of(by_id)
    backorders = _emptied_backorders(earlier)
    writes = _collect(plans, by_id, _numbers(by_id, earlier), backorders, now)
    _write(writes, [plan for plan in plans if plan.order_id in earlier], now)
    idle = {plan.order_id for plan in plans if not plan.parts and not plan.backordered}
    _drop([backorders[pk] for pk in sorted(idle & backorders.keys())], now)
    update_rows(Order, "id", ("allocate_due_at", "allocated_at"), [(order.pk, None, now) for order in orders])
    _settle_nothing_to_ship(orders, demands, now)
    _tell_of_backorders(plans, by_id, earlier, now)
    nudge(RELEASE)


def _lock_stock(demands: Iterable[Demand], warehouses: Sequence[WarehouseFacts]) -> dict[tuple[int, int], int]:
    sku_ids = {line.sku_id for demand in demands for line in demand.lines}
    levels = lock_levels((w.id, sku_id) for w in warehouses for sku_id in sku_ids)
    return {pair: level.available for pair, level in levels.items()}


def _fulfilments_of(order_ids: Iterable[int]) -> dict[int, list[FulfilmentOrder]]:
    """All fulfilment orders that the orders have, whatever became of them. An order that has none was never
    allocated: it has no demand that waits and no case about it either."""
    found: dict[int, list[FulfilmentOrder]] = {}
    for fulfilment in FulfilmentOrder.objects.filter(order_id__in=list(order_ids)):
        found.setdefault(fulfilment.order_id, []).append(fulfilment)
    return found


def _emptied_backorders(earlier: Mapping[int, Sequence[FulfilmentOrder]]) -> dict[int, FulfilmentOrder]:
    """The waiting fulfilment order of each order, emptied: its lines are written anew."""
    waiting = {
        order_id: fulfilment
        for order_id, some in earlier.items()
        for fulfilment in some
        if fulfilment.status == FulfilmentStatus.BACKORDERED
    }
    if waiting:
        FulfilmentLine.objects.filter(fulfilment__in=[f.pk for f in waiting.values()]).delete()
    return waiting


def _collect(
    plans: Sequence[Plan],
    orders: dict[int, Order],
    numbers: dict[int, "count[int]"],
    backorders: dict[int, FulfilmentOrder],
    now: datetime,
) -> _Writes:
    """Turn plans into rows. A waiting fulfilment order keeps the remainder or, if there is none, becomes
    the first part that has stock."""
    writes = _Writes()
    fulfilment_ids = iter(next_ids(FulfilmentOrder, sum(len(p.parts) + bool(p.backordered) for p in plans)))
    line_total = sum(len(part.lines) for p in plans for part in p.parts) + sum(len(p.backordered) for p in plans)
    line_ids = iter(next_ids(FulfilmentLine, line_total))
    for plan in plans:
        order, waiting = orders[plan.order_id], backorders.get(plan.order_id)
        parts = [*plan.parts]
        if plan.backordered:
            parts.append(Part(0, plan.backordered, []))
        for part in reversed(parts):
            _add_part(writes, order, part, waiting, fulfilment_ids, line_ids, numbers, now)
            waiting = None
    return writes


def _add_part(
    writes: _Writes,
    order: Order,
    part: Part,
    waiting: FulfilmentOrder | None,
    fulfilment_ids: Any,
    line_ids: Any,
    numbers: dict[int, "count[int]"],
    now: datetime,
) -> None:
    has_stock = part.warehouse_id != 0
    status = FulfilmentStatus.ALLOCATED if has_stock else FulfilmentStatus.BACKORDERED
    warehouse_id, allocated_at = (part.warehouse_id, now) if has_stock else (None, None)
    if waiting is not None:
        fulfilment_id = waiting.pk
        writes.taken_over.append((fulfilment_id, warehouse_id, status, part.scores, allocated_at))
        if has_stock:
            writes.history.append((order.pk, fulfilment_id, waiting.status, status))
    else:
        fulfilment_id = next(fulfilment_ids)
        number = f"{order.number}-{next(numbers[order.pk])}"
        writes.fulfilments.append(
            (fulfilment_id, number, order.pk, warehouse_id, status, part.scores, 0, now, allocated_at)
        )
        writes.history.append((order.pk, fulfilment_id, FulfilmentStatus.PLANNED, status))
    for line in part.lines:
        _add_line(writes, line, part.warehouse_id, fulfilment_id, next(line_ids), now)


def _add_line(
    writes: _Writes, line: DemandLine, warehouse_id: int, fulfilment_id: int, line_id: int, now: datetime
) -> None:
    writes.lines.append((line_id, fulfilment_id, line.line_id, line.sku_id, line.quantity, 0, 0))
    if warehouse_id:
        writes.claims.append(Claim(warehouse_id, line.sku_id, line.quantity, RESERVATION_DOCUMENT, line_id))
    else:
        writes.waiting.append(WaitingFor(line.sku_id, line.quantity, DEMAND_DOCUMENT, line.line_id, now))


def _numbers(order_ids: Iterable[int], earlier: Mapping[int, Sequence[FulfilmentOrder]]) -> dict[int, "count[int]"]:
    """Running numbers of the orders' next fulfilment orders."""
    used = {pk: max(int(f.number.rpartition("-")[2]) for f in some) for pk, some in earlier.items()}
    return {order_id: count(used.get(order_id, 0) + 1) for order_id in order_ids}


def _write(writes: _Writes, again: Sequence[Plan], now: datetime) -> None:
    """Write what was collected; `again` are the plans of orders that may have been waiting."""
    insert_rows(FulfilmentOrder, _FULFILMENT, writes.fulfilments)
    update_rows(FulfilmentOrder, "id", ("warehouse_id", "status", "scores", "allocated_at"), writes.taken_over)
    insert_rows(FulfilmentLine, _LINE, writes.lines)
    reserve(writes.claims, at=now)
    still_waiting = {waiting.line_id for waiting in writes.waiting}
    served = {line.line_id for plan in again for part in plan.parts for line in part.lines}
    clear_demand(DEMAND_DOCUMENT, sorted(served - still_waiting))
    set_demand(writes.waiting)
    write_history(writes.history, at=now, actor=SYSTEM)


def _drop(emptied: Sequence[FulfilmentOrder], now: datetime) -> None:
    """Waiting fulfilment orders that nothing is left for, because their articles are no longer kept in stock."""
    if not emptied:
        return
    lines = OrderLine.objects.filter(order__in=[fulfilment.order_id for fulfilment in emptied])
    clear_demand(DEMAND_DOCUMENT, list(lines.values_list("pk", flat=True)))
    move_fulfilments(emptied, FulfilmentStatus.CANCELLED, at=now, actor=SYSTEM)


def _settle_nothing_to_ship(orders: Sequence[Order], demands: Sequence[Demand], now: datetime) -> None:
    """Orders of services only (postage, gift vouchers) have nothing to send: they are complete. Of others
    everything may have left already."""
    needing = {demand.order_id for demand in demands if demand.lines}
    idle = [order for order in orders if order.pk not in needing]
    if not idle:
        return
    settle_rest([o for o in idle if o.status == OrderStatus.PARTIALLY_SHIPPED], actor=SYSTEM)
    shipping = live_statuses([order.pk for order in idle])
    done = [order for order in idle if order.pk not in shipping and order.status == OrderStatus.APPROVED]
    move_orders(done, OrderStatus.COMPLETED, at=now, actor=SYSTEM, reason=NOTHING_TO_SHIP)
    update_rows(Order, "id", ("released_at", "shipped_at", "delivered_at"), [(o.pk, now, now, now) for o in done])


def _tell_of_backorders(
    plans: Sequence[Plan], orders: dict[int, Order], earlier: Collection[int], now: datetime
) -> None:
    short = [plan for plan in plans if plan.backordered]
    served = [plan.order_id for plan in plans if not plan.backordered and plan.order_id in earlier]
    clear_cases(OUT_OF_STOCK, served)
    if not short:
        return
    publish(OrdersBackordered(order_ids=[plan.order_id for plan in short]))
    open_cases([_seed(orders[plan.order_id], plan, now) for plan in short])


def _seed(order: Order, plan: Plan, now: datetime) -> CaseSeed:
    return CaseSeed(
        type=OUT_OF_STOCK,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        cause_at=now,
        channel_id=order.channel_id,
        summary_code="short",
        summary_params={
            "lines": len(plan.backordered),
            "units": sum(line.quantity for line in plan.backordered),
        },
        data={"sku_ids": sorted({line.sku_id for line in plan.backordered})},
    )

"""Which warehouse sends what: a pure plan from demand and stock.

For each order the planner first looks for one warehouse that fills every line. Failing that it takes,
again and again, the warehouse that fills most of what is left, so that an order splits into as few parcels
as greedy set cover allows (Chvátal, 1979: within ln n of the fewest). What no warehouse has is backordered.
Orders are planned in the order given, each from the stock that the ones before it left.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class DemandLine(NamedTuple):
    line_id: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order still needs and where it goes."""

    order_id: int
    country: str
    province: str
    city: str
    lines: tuple[DemandLine, ...]


@dataclass(frozen=True, slots=True)
class WarehouseFacts:
    """`load` is the number of open fulfilment orders there; `serves` is empty for everywhere."""

    id: int
    code: str
    country: str
    province: str
    city: str
    priority: int
    load: int
    serves: frozenset[str]


class Score(NamedTuple):
    """Why a warehouse was or wasn't chosen. Compared in this order; smaller is better."""

    lines_missing: int
    units_missing: int
    zone: int
    priority: int
    load: int


@dataclass(slots=True)
class Part:
    """What one warehouse sends of one order."""

    warehouse_id: int
    lines: list[DemandLine]
    scores: list[dict[str, object]]


@dataclass(slots=True)
class Plan:
    order_id: int
    parts: list[Part] = field(default_factory=list)
    backordered: list[DemandLine] = field(default_factory=list)


Stock = MutableMapping[tuple[int, int], int]


def plan_orders(demands: Sequence[Demand], warehouses: Sequence[WarehouseFacts], stock: Stock) -> list[Plan]:
    """Plan every demand in turn.

    `stock` maps (warehouse id, SKU id) to the available quantity and is reduced by what the plans take.
    """
    loads = {warehouse.id: warehouse.load for warehouse in warehouses}
    return [_plan_order(demand, warehouses, stock, loads) for demand in demands]


def _plan_order(demand: Demand, warehouses: Sequence[WarehouseFacts], stock: Stock, loads: dict[int, int]) -> Plan:
    plan = Plan(demand.order_id)
    open_lines = list(demand.lines)
    candidates = [w for w in warehouses if not w.serves or demand.country in w.serves]
    while open_lines and candidates:
        scored = sorted(
            ((_score(w, demand, open_lines, stock, loads), w) for w in candidates),
            key=lambda pair: (pair[0], pair[1].id),
        )
        best, chosen = scored[0]
        if best.units_missing == sum(line.quantity for line in open_lines):
            break
        taken, open_lines = _take(chosen.id, open_lines, stock)
        plan.parts.append(Part(chosen.id, taken, _explain(scored, chosen)))
        loads[chosen.id] += 1
        candidates = [w for w in candidates if w is not chosen]
    plan.backordered = open_lines
    return plan


def _score(
    warehouse: WarehouseFacts,
    demand: Demand,
    lines: Sequence[DemandLine],
    stock: Mapping[tuple[int, int], int],
    loads: Mapping[int, int],
) -> Score:
    lines_missing = units_missing = 0
    left: dict[int, int] = {}
    for line in lines:
        available = left.get(line.sku_id)
        if available is None:
            available = max(0, stock.get((warehouse.id, line.sku_id), 0))
        missing = line.quantity - available
        if missing > 0:
            lines_missing += 1
            units_missing += missing
        left[line.sku_id] = max(0, -missing)
    return Score(lines_missing, units_missing, zone(warehouse, demand), warehouse.priority, loads[warehouse.id])


def zone(warehouse: WarehouseFacts, demand: Demand) -> int:
    """How far apart two places are: 0 same city, 1 same province, 2 same country, 3 abroad."""
    if warehouse.country != demand.country:
        return 3
    if not demand.province or warehouse.province != demand.province:
        return 2
    return 0 if demand.city and warehouse.city == demand.city else 1


def _take(warehouse_id: int, lines: Sequence[DemandLine], stock: Stock) -> tuple[list[DemandLine], list[DemandLine]]:
    taken, left = [], []
    for line in lines:
        key = (warehouse_id, line.sku_id)
        quantity = min(line.quantity, max(0, stock.get(key, 0)))
        if quantity:
            stock[key] -= quantity
            taken.append(line if quantity == line.quantity else line._replace(quantity=quantity))
        if quantity < line.quantity:
            left.append(line._replace(quantity=line.quantity - quantity))
    return taken, left


def _explain(scored: Sequence[tuple[Score, WarehouseFacts]], chosen: WarehouseFacts) -> list[dict[str, object]]:
    return [
        {"warehouse": warehouse.code, "chosen": warehouse is chosen, **score._asdict()} for score, warehouse in scored
    ]

"""The allocation plan, for any demand and any stock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.allocation import Demand, DemandLine, Plan, WarehouseFacts, plan_orders, zone

Stock = dict[tuple[int, int], int]

SKUS, WAREHOUSES, COUNTRIES = (1, 2, 3), (10, 11, 12), ("CN", "GB", "US")


def warehouse(pk: int, **fields: Any) -> WarehouseFacts:
    place: dict[str, Any] = {
        "country": "CN",
        "province": "浙江省",
        "city": "杭州市",
        "priority": 100,
        "load": 0,
        "serves": frozenset(),
    }
    return WarehouseFacts(id=pk, code=f"W{pk}", **place | fields)


def demand(order_id: int, *lines: tuple[int, int], **fields: str) -> Demand:
    """An order of (SKU id, quantity) lines; line ids are unique over all orders."""
    place = {"country": "CN", "province": "浙江省", "city": "杭州市"} | fields
    wanted = tuple(DemandLine(order_id * 100 + place_, sku, units) for place_, (sku, units) in enumerate(lines))
    return Demand(order_id=order_id, lines=wanted, **place)


LINES = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 9)), max_size=5)
PLACES = st.fixed_dictionaries(
    {
        "country": st.sampled_from(COUNTRIES),
        "province": st.sampled_from(["", "浙江省", "北京市"]),
        "city": st.sampled_from(["", "杭州市", "北京市"]),
    }
)
DEMANDS = st.lists(st.tuples(LINES, PLACES), min_size=1, max_size=6).map(
    lambda rows: [demand(number, *lines, **place) for number, (lines, place) in enumerate(rows, 1)]
)
HOUSES = st.lists(
    st.tuples(st.sets(st.sampled_from(COUNTRIES)), PLACES, st.integers(0, 2), st.integers(0, 2)), max_size=3
).map(
    lambda rows: [
        warehouse(pk, serves=frozenset(serves), priority=priority, load=load, **place)
        for pk, (serves, place, priority, load) in zip(WAREHOUSES, rows, strict=False)
    ]
)
# Below zero too: what is available goes negative while safety stock is being used up.
STOCK = st.dictionaries(st.tuples(st.sampled_from(WAREHOUSES), st.sampled_from(SKUS)), st.integers(-2, 20))


def units_taken(plans: Sequence[Plan]) -> Counter[tuple[int, int]]:
    taken: Counter[tuple[int, int]] = Counter()
    for plan in plans:
        for part in plan.parts:
            for line in part.lines:
                taken[part.warehouse_id, line.sku_id] += line.quantity
    return taken


def units_by_line(plan: Plan) -> Counter[int]:
    counted: Counter[int] = Counter()
    for line in [*plan.backordered, *(line for part in plan.parts for line in part.lines)]:
        counted[line.line_id] += line.quantity
    return counted


@given(demands=DEMANDS, houses=HOUSES, stock=STOCK)
def test_never_more_than_there_is(demands: list[Demand], houses: list[WarehouseFacts], stock: Stock) -> None:
    left = dict(stock)
    taken = units_taken(plan_orders(demands, houses, left))
    assert all(units <= max(0, stock.get(pair, 0)) for pair, units in taken.items())
    assert left == {pair: units - taken[pair] for pair, units in stock.items()}


@given(demands=DEMANDS, houses=HOUSES, stock=STOCK)
def test_parts_and_backorders_add_up_to_the_demand(
    demands: list[Demand], houses: list[WarehouseFacts], stock: Stock
) -> None:
    plans = plan_orders(demands, houses, dict(stock))
    for wanted, plan in zip(demands, plans, strict=True):
        assert plan.order_id == wanted.order_id
        assert units_by_line(plan) == {line.line_id: line.quantity for line in wanted.lines}
        assert all(line.quantity > 0 for part in plan.parts for line in part.lines)
        assert all(part.lines for part in plan.parts)
        senders = [part.warehouse_id for part in plan.parts]
        assert len(senders) == len(set(senders))


@given(demands=DEMANDS, houses=HOUSES, stock=STOCK)
def test_only_warehouses_that_serve_the_country_and_nothing_left_behind(
    demands: list[Demand], houses: list[WarehouseFacts], stock: Stock
) -> None:
    left = dict(stock)
    plans = plan_orders(demands, houses, left)
    for wanted, plan in zip(demands, plans, strict=True):
        serving = {house.id for house in houses if not house.serves or wanted.country in house.serves}
        assert {part.warehouse_id for part in plan.parts} <= serving
        # what is backordered is nowhere to be had, even after everybody was served
        assert not [line for line in plan.backordered for pk in serving if left.get((pk, line.sku_id), 0) > 0]


@given(demands=DEMANDS, houses=HOUSES, stock=STOCK)
def test_the_same_facts_give_the_same_plan_in_whatever_order_warehouses_come(
    demands: list[Demand], houses: list[WarehouseFacts], stock: Stock
) -> None:
    assert plan_orders(demands, houses, dict(stock)) == plan_orders(demands, houses[::-1], dict(stock))


@given(demands=DEMANDS, houses=HOUSES, stock=STOCK)
def test_the_scores_name_the_warehouse_that_was_chosen(
    demands: list[Demand], houses: list[WarehouseFacts], stock: Stock
) -> None:
    codes: Mapping[int, str] = {house.id: house.code for house in houses}
    for plan in plan_orders(demands, houses, dict(stock)):
        for part in plan.parts:
            assert [s["warehouse"] for s in part.scores if s["chosen"]] == [codes[part.warehouse_id]]


def test_one_warehouse_with_everything_beats_a_nearer_one_with_a_part():
    near, far = warehouse(10), warehouse(11, province="北京市", city="北京市")
    stock = {(10, 1): 5, (11, 1): 5, (11, 2): 5}
    (plan,) = plan_orders([demand(1, (1, 2), (2, 1))], [near, far], stock)
    assert [part.warehouse_id for part in plan.parts] == [11]


def test_with_the_goods_in_several_the_nearest_then_the_preferred_then_the_idle_sends():
    houses = [
        warehouse(10, province="北京市", city="北京市", priority=1),
        warehouse(11, priority=2, load=9),
        warehouse(12, priority=2, load=3),
    ]
    stock = {(house.id, 1): 50 for house in houses}
    (plan,) = plan_orders([demand(1, (1, 1))], houses, stock)
    assert plan.parts[0].warehouse_id == 12
    (preferred,) = plan_orders([demand(1, (1, 1))], [*houses, warehouse(13, priority=1, load=99)], stock | {(13, 1): 1})
    assert preferred.parts[0].warehouse_id == 13


@pytest.mark.parametrize(
    ("place", "distance"),
    [
        ({}, 0),
        ({"city": "宁波市"}, 1),
        ({"province": "北京市", "city": "北京市"}, 2),
        ({"province": ""}, 2),
        ({"country": "GB"}, 3),
    ],
)
def test_zones(place, distance):
    assert zone(warehouse(10), demand(1, **place)) == distance

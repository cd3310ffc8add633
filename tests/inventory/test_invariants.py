"""Whatever is done to stock in whatever order: the books agree with each other and with a plain reckoning."""

from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from core.actor import SYSTEM
from inventory.exceptions import OutOfStock, StockIsReserved
from inventory.locks import lock_levels
from inventory.models import Reservation, Sku, StockLevel, StockMovement, Warehouse
from inventory.rules.stock import (
    Claim,
    IncomingChange,
    OpeningStock,
    StockAdjustment,
    StockCount,
    StockReceipt,
)
from inventory.selectors import stock_differences
from inventory.services import (
    adjust_stock,
    change_incoming,
    consume_reservations,
    count_stock,
    receive_stock,
    release_reservations,
    reserve,
    set_opening_stock,
    set_safety_stock,
)
from tests.factories.inventory import LINE, make_sku, make_warehouse

pytestmark = pytest.mark.django_db

PLACES = st.integers(0, 3)  # two warehouses, two SKUs
LINES = st.integers(1, 6)
UNITS = st.integers(1, 9)

OPERATIONS = st.one_of(
    st.tuples(st.just("receive"), PLACES, UNITS),
    st.tuples(st.just("reserve"), st.lists(st.tuples(PLACES, LINES, UNITS), min_size=1, max_size=3)),
    st.tuples(st.just("release"), st.lists(LINES, max_size=3)),
    st.tuples(st.just("consume"), st.lists(LINES, max_size=3)),
    st.tuples(st.just("adjust"), PLACES, st.integers(-9, 9).filter(bool)),
    st.tuples(st.just("count"), PLACES, st.integers(0, 12)),
    st.tuples(st.just("safety"), PLACES, st.integers(0, 5)),
    st.tuples(st.just("opening"), PLACES, st.integers(0, 9)),
    st.tuples(st.just("incoming"), PLACES, st.integers(-9, 9)),
)


@dataclass
class Reckoning:
    """What stock should be, in a few lines of plain Python."""

    on_hand: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    reserved: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    safety: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    incoming: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    claims: dict[int, tuple[int, int]] = field(default_factory=dict)
    ever: set[int] = field(default_factory=set)

    def reserve(self, wishes: list[tuple[int, int, int]]) -> bool:
        wanted: dict[int, int] = defaultdict(int)
        for place, _line, units in wishes:
            wanted[place] += units
        if any(n > self.on_hand[p] - self.reserved[p] - self.safety[p] for p, n in wanted.items()):
            return False
        for place, line, units in wishes:
            self.claims[line] = (place, units)
            self.reserved[place] += units
        return True

    def close(self, lines: list[int], *, shipped: bool) -> None:
        for line in set(lines) & self.claims.keys():
            place, units = self.claims.pop(line)
            self.reserved[place] -= units
            self.on_hand[place] -= units if shipped else 0

    def change(self, place: int, delta: int) -> bool:
        if self.on_hand[place] + delta < self.reserved[place]:
            return False
        self.on_hand[place] += delta
        self.ever |= {place} if delta else set()
        return True


class Books:
    """The system under test and its reckoning, given the same orders."""

    def __init__(self) -> None:
        warehouses: list[Warehouse] = [make_warehouse(), make_warehouse()]
        skus: list[Sku] = [make_sku(), make_sku()]
        self.pairs = [(warehouse.pk, sku.pk) for warehouse in warehouses for sku in skus]
        self.expected = Reckoning()

    def run(self, operation: tuple) -> None:
        name, *arguments = operation
        getattr(self, f"do_{name}")(*arguments)

    def refused(self, call, *arguments, **named) -> bool:
        try:
            with transaction.atomic():
                call(*arguments, **named)
        except (OutOfStock, StockIsReserved):
            return True
        return False

    def do_receive(self, place: int, units: int) -> None:
        receive_stock([StockReceipt(*self.pairs[place], units)])
        self.expected.change(place, units)

    def do_reserve(self, wishes: list[tuple[int, int, int]]) -> None:
        fresh = {line: (place, line, n) for place, line, n in wishes if line not in self.expected.claims}
        wishes = list(fresh.values())
        lock_levels([self.pairs[place] for place, _line, _n in wishes])
        claims = [Claim(*self.pairs[place], units, LINE, line) for place, line, units in wishes]
        assert self.refused(reserve, claims) != self.expected.reserve(wishes)

    def do_release(self, lines: list[int]) -> None:
        assert release_reservations(LINE, lines) == set(lines) & self.expected.claims.keys()
        self.expected.close(lines, shipped=False)

    def do_consume(self, lines: list[int]) -> None:
        assert consume_reservations(LINE, lines) == set(lines) & self.expected.claims.keys()
        self.expected.close(lines, shipped=True)

    def do_adjust(self, place: int, delta: int) -> None:
        adjustment = StockAdjustment(*self.pairs[place], delta, "Test")
        assert self.refused(adjust_stock, [adjustment], actor=SYSTEM) != self.expected.change(place, delta)

    def do_count(self, place: int, counted: int) -> None:
        delta = counted - self.expected.on_hand[place]
        count = StockCount(*self.pairs[place], counted)
        assert self.refused(count_stock, [count], actor=SYSTEM) != self.expected.change(place, delta)

    def do_safety(self, place: int, units: int) -> None:
        set_safety_stock({self.pairs[place]: units}, actor=SYSTEM)
        self.expected.safety[place] = units

    def do_opening(self, place: int, units: int) -> None:
        refused = set_opening_stock([OpeningStock(*self.pairs[place], units)])
        assert bool(refused) == (place in self.expected.ever)
        if not refused:
            self.expected.change(place, units)

    def do_incoming(self, place: int, delta: int) -> None:
        change_incoming([IncomingChange(*self.pairs[place], delta, "test.document", 1)])
        self.expected.incoming[place] = max(self.expected.incoming[place] + delta, 0)

    def check(self) -> None:
        assert stock_differences() == []
        levels = {(level.warehouse_id, level.sku_id): level for level in StockLevel.objects.all()}
        for place, pair in enumerate(self.pairs):
            level = levels.get(pair, StockLevel(on_hand=0, reserved=0, safety=0, incoming=0))
            expected = self.expected
            assert (level.on_hand, level.reserved, level.safety, level.incoming) == (
                expected.on_hand[place],
                expected.reserved[place],
                expected.safety[place],
                expected.incoming[place],
            )
            assert 0 <= level.reserved <= level.on_hand
        active = Reservation.objects.filter(state="active").values_list("document_id", "quantity")
        assert dict(active) == {line: units for line, (_place, units) in self.expected.claims.items()}


@settings(max_examples=60)
@given(st.lists(OPERATIONS, max_size=14))
def test_books_agree_after_any_sequence_of_operations(operations):
    with transaction.atomic():
        books = Books()
        for operation in operations:
            books.run(operation)
            books.check()
        transaction.set_rollback(True)


@settings(max_examples=20)
@given(st.lists(OPERATIONS, max_size=10))
def test_the_ledger_only_grows(operations):
    with transaction.atomic():
        books = Books()
        before: list[tuple] = []
        for operation in operations:
            books.run(operation)
            rows = list(StockMovement.objects.order_by("id").values_list("id", "bucket", "quantity"))
            assert rows[: len(before)] == before
            before = rows
        transaction.set_rollback(True)

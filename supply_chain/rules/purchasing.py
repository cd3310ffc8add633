"""Quantities and dates of purchase orders."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.money import round_money


class OrderedLine(NamedTuple):
    """A line as the rules see it."""

    quantity: int
    received: int


def order_quantity(needed: int, *, moq: int, pack_size: int) -> int:
    """The least that covers `needed`, reaches the minimum order and is whole packs; 0 if nothing is needed."""
    if needed <= 0:
        return 0
    wanted = max(needed, moq)
    return -(-wanted // pack_size) * pack_size


def receivable(ordered: int, received: int, over_percent: int) -> int:
    """Units that may still be received: what is outstanding plus the accepted over-delivery, rounded down."""
    return max(ordered + ordered * over_percent // 100 - received, 0)


def is_complete(lines: Iterable[OrderedLine]) -> bool:
    """Whether every line has all that was ordered."""
    return all(line.received >= line.quantity for line in lines)


def incoming_delta(quantity: int, received_before: int, received_now: int) -> int:
    """How much the expected units fall when goods come in; an over-delivery was never expected."""
    return max(quantity - received_before - received_now, 0) - max(quantity - received_before, 0)


def expected_on(sent_on: date, lead_time_days: Iterable[int]) -> date:
    """When the slowest line is there."""
    return sent_on + timedelta(days=max(lead_time_days, default=0))


def line_total(quantity: int, unit_cost: Decimal, currency: str) -> Decimal:
    """Price of a line, rounded to the currency."""
    return round_money(quantity * unit_cost, currency)

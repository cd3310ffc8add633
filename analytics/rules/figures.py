"""What a figure is: one definition each, shown on hover and recomputed from raw rows by a test."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise

Text = str | Promise


class Unit(StrEnum):
    SECONDS = "s"
    RATIO = "ratio"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (included) to `end` (excluded), aware."""

    start: datetime
    end: datetime

    @classmethod
    def days_until(cls, end: datetime, days: int) -> "Period":
        return cls(end - timedelta(days=days), end)

    @property
    def before(self) -> "Period":
        """The period of the same length just before this one."""
        return Period(self.start - (self.end - self.start), self.start)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    `value` is in `unit` (seconds, a ratio of 1, a count) and None where nothing was measured; `basis` is how many
    rows it rests on, `basis_of` what these are (a key of analytics.templatetags.figures.BASES). `better` is the
    direction that is good. `rows_url` leads to the rows behind it.
    """

    code: str
    label: Text
    definition: Text
    unit: Unit
    better: str
    value: float | None
    basis: int
    basis_of: str
    previous: float | None = None
    rows_url: str = ""

    @property
    def change(self) -> float | None:
        """Change against the period before, as a ratio of it."""
        if self.value is None or not self.previous:
            return None
        return self.value / self.previous - 1


@dataclass(frozen=True, slots=True)
class Pain:
    """One of the five pains with its cure and the figures that show whether it works."""

    code: str
    title: Text
    cure: Text
    figures: Sequence[Figure]
    note: Text = ""

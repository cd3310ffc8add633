"""Arithmetic in business time. Pure: instants come in and go out in UTC, days and hours are local.

A stretch of work is placed on the local clock and then counted in real time, so a day on which the clocks
change is an hour shorter or longer exactly where the stretch covers the change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Stretch = tuple[time, time]

MAX_DAYS = 800
MIDNIGHT = time(0)


class NeverOpen(ValueError):
    """The calendar has no business time within two years."""


def never(_day: date) -> bool:
    return False


@dataclass(frozen=True)
class Hours:
    """What the rules need of a calendar.

    `week` has seven tuples of (opens, closes), Monday first; closes 00:00 is the end of the day.
    `open_days`, and days for which `is_worked` holds, are worked although their weekday or a holiday says otherwise,
    with Monday's hours.
    """

    zone: ZoneInfo
    week: tuple[tuple[Stretch, ...], ...]
    is_holiday: Callable[[date], bool] = never
    is_worked: Callable[[date], bool] = never
    closed_days: frozenset[date] = field(default_factory=frozenset)
    open_days: frozenset[date] = field(default_factory=frozenset)

    def stretches(self, day: date) -> tuple[Stretch, ...]:
        """The local stretches of work of a day."""
        if day in self.closed_days:
            return ()
        if day in self.open_days or self.is_worked(day):
            return self.week[day.weekday()] or self.week[0]
        return () if self.is_holiday(day) else self.week[day.weekday()]


def add_business_minutes(calendar: Hours, start: datetime, minutes: float) -> datetime:
    """The instant at which `minutes` of business time have passed since `start`; UTC.

    With 0 minutes, the next instant of business time. Raises NeverOpen.
    """
    left = timedelta(minutes=minutes)
    for opens, closes in _intervals(calendar, start):
        available = closes - opens
        if left < available or (left == available and minutes > 0):
            return opens + left
        left -= available
    raise NeverOpen


def business_minutes_between(calendar: Hours, start: datetime, end: datetime) -> float:
    """Minutes of business time in [start, end); 0 if end is not after start."""
    total = timedelta()
    if end <= start:
        return 0.0
    for opens, closes in _intervals(calendar, start, max_days=(end - start).days + 2):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total / timedelta(minutes=1)


def next_cut_off(calendar: Hours, at: datetime, cut_off: time) -> datetime:
    """The next instant, not before `at`, when the local clock shows `cut_off` on a working day; UTC."""
    day = at.astimezone(calendar.zone).date()
    for offset in range(MAX_DAYS):
        candidate_day = day + timedelta(days=offset)
        candidate = _utc(calendar, candidate_day, cut_off)
        if candidate >= at and calendar.stretches(candidate_day):
            return candidate
    raise NeverOpen


def _intervals(calendar: Hours, start: datetime, max_days: int = MAX_DAYS) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of business time from `start` on, in UTC, in order, none empty."""
    day = start.astimezone(calendar.zone).date()
    for offset in range(max_days):
        for opens, closes in calendar.stretches(day + timedelta(days=offset)):
            begin = max(_utc(calendar, day + timedelta(days=offset), opens), start.astimezone(UTC))
            end_day = day + timedelta(days=offset + (closes == MIDNIGHT))
            end = _utc(calendar, end_day, closes)
            if end > begin:
                yield begin, end


def _utc(calendar: Hours, day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=calendar.zone).astimezone(UTC)

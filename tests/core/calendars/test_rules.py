from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars.rules import (
    Hours,
    NeverOpen,
    add_business_minutes,
    business_minutes_between,
    next_cut_off,
)

NINE_TO_FIVE = ((time(9), time(17)),)
WITH_LUNCH = ((time(9), time(12)), (time(13), time(17)))
LONDON = Hours(ZoneInfo("Europe/London"), (*[NINE_TO_FIVE] * 5, (), ()))
SHANGHAI = Hours(ZoneInfo("Asia/Shanghai"), (*[WITH_LUNCH] * 5, (), ()))
ALWAYS = Hours(ZoneInfo("Europe/London"), (((time(0), time(0)),),) * 7)
NEW_YORK_NIGHTS = Hours(ZoneInfo("America/New_York"), (((time(0), time(4)),),) * 7)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendar", "start", "minutes", "end"),
    [
        # within a day; Shanghai is UTC+8
        (SHANGHAI, "2026-03-02 01:00", 60, "2026-03-02 02:00"),
        (SHANGHAI, "2026-03-02 03:30", 60, "2026-03-02 05:30"),  # over lunch
        (SHANGHAI, "2026-03-02 04:15", 0, "2026-03-02 05:00"),  # in the lunch break
        (SHANGHAI, "2026-03-02 08:00", 120, "2026-03-03 02:00"),  # over night
        (SHANGHAI, "2026-03-06 08:30", 60, "2026-03-09 01:30"),  # over a weekend
        (SHANGHAI, "2026-03-02 08:00", 60, "2026-03-02 09:00"),  # up to the end of the day
        (SHANGHAI, "2026-03-07 00:00", 7 * 60, "2026-03-09 09:00"),  # a whole day, asked on Saturday
        # the clocks go forward on 29 March 2026 in London: 09:00 is 09:00 UTC on Friday, 08:00 UTC on Monday
        (LONDON, "2026-03-27 16:00", 120, "2026-03-30 09:00"),
        # and back on 25 October
        (LONDON, "2026-10-23 15:00", 120, "2026-10-26 10:00"),
        # a calendar that never closes loses no minute
        (ALWAYS, "2026-03-28 23:30", 24 * 60, "2026-03-29 23:30"),
        (ALWAYS, "2026-10-24 23:30", 24 * 60, "2026-10-25 23:30"),
    ],
)
def test_adding_business_minutes(calendar, start, minutes, end):
    assert add_business_minutes(calendar, utc(start), minutes) == utc(end)


def test_a_stretch_that_holds_the_change_of_the_clocks_is_an_hour_shorter_or_longer():
    # New York, 8 March 2026: 02:00 becomes 03:00, so 00:00–04:00 has three hours; 1 November has five
    assert business_minutes_between(NEW_YORK_NIGHTS, utc("2026-03-08 00:00"), utc("2026-03-09 00:00")) == 180
    assert business_minutes_between(NEW_YORK_NIGHTS, utc("2026-11-01 00:00"), utc("2026-11-02 00:00")) == 300
    assert add_business_minutes(NEW_YORK_NIGHTS, utc("2026-03-08 05:00"), 180) == utc("2026-03-08 08:00")


def test_holidays_special_days_and_worked_weekends():
    calendar = Hours(
        ZoneInfo("UTC"),
        (*[NINE_TO_FIVE] * 5, (), ()),
        is_holiday={date(2026, 5, 1)}.__contains__,
        closed_days=frozenset({date(2026, 5, 4)}),
        open_days=frozenset({date(2026, 5, 9)}),
    )
    assert calendar.stretches(date(2026, 5, 1)) == ()
    assert calendar.stretches(date(2026, 5, 4)) == ()
    assert calendar.stretches(date(2026, 5, 9)) == NINE_TO_FIVE
    assert calendar.stretches(date(2026, 5, 10)) == ()
    assert add_business_minutes(calendar, utc("2026-04-30 16:30"), 60) == utc("2026-05-05 09:30")


def test_a_calendar_that_never_opens_says_so():
    closed = Hours(ZoneInfo("UTC"), ((),) * 7)
    with pytest.raises(NeverOpen):
        add_business_minutes(closed, utc("2026-03-02 00:00"), 1)
    with pytest.raises(NeverOpen):
        next_cut_off(closed, utc("2026-03-02 00:00"), time(15))
    assert business_minutes_between(closed, utc("2026-03-02 00:00"), utc("2026-03-09 00:00")) == 0


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02 06:00", "2026-03-02 07:00"),
        ("2026-03-02 07:00", "2026-03-02 07:00"),
        ("2026-03-02 07:01", "2026-03-03 07:00"),
        ("2026-03-06 08:00", "2026-03-09 07:00"),
    ],
)
def test_next_cut_off_at_15_in_shanghai(at, expected):
    assert next_cut_off(SHANGHAI, utc(at), time(15)) == utc(expected)


_START = datetime(2025, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: _START + timedelta(minutes=minutes))


@given(st.sampled_from([SHANGHAI, LONDON, ALWAYS, NEW_YORK_NIGHTS]), INSTANTS, st.integers(0, 20_000))
def test_what_was_added_is_what_lies_between(calendar, start, minutes):
    end = add_business_minutes(calendar, start, minutes)
    assert end >= start
    assert business_minutes_between(calendar, start, end) == pytest.approx(minutes)


@given(st.sampled_from([SHANGHAI, LONDON, NEW_YORK_NIGHTS]), INSTANTS, st.integers(0, 5000), st.integers(0, 5000))
def test_adding_in_two_steps_is_adding_at_once(calendar, start, first, second):
    at_once = add_business_minutes(calendar, start, first + second)
    in_steps = add_business_minutes(calendar, add_business_minutes(calendar, start, first), second)
    assert abs(at_once - in_steps) < timedelta(milliseconds=1) or second == 0

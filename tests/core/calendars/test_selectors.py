from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.calendars import selectors
from core.calendars.defaults import ensure_calendars
from core.calendars.models import BusinessCalendar, BusinessHours, CalendarException
from core.calendars.rules import add_business_minutes
from core.calendars.selectors import default_hours, hours_by_id, hours_of


def test_an_installation_starts_with_calendars_and_one_default(db):
    assert BusinessCalendar.objects.get(is_default=True).code == "operations"
    assert default_hours().stretches(date(2026, 3, 1)) == ((time(9), time(21)),)
    count = BusinessCalendar.objects.count()
    ensure_calendars()
    assert BusinessCalendar.objects.count() == count


def test_chinese_holidays_close_and_worked_weekends_open(db):
    hours = hours_of(BusinessCalendar.objects.get(code="cn-office"))
    assert hours.stretches(date(2025, 10, 1)) == ()  # National Day, a Wednesday
    assert hours.stretches(date(2025, 10, 11)) == ((time(9), time(18)),)  # a Saturday worked for it
    assert hours.stretches(date(2025, 10, 18)) == ()
    start = datetime(2025, 9, 30, 9, 30, tzinfo=UTC)  # 17:30 in Shanghai, the holiday lasts to 8 October
    assert add_business_minutes(hours, start, 60) == datetime(2025, 10, 9, 1, 30, tzinfo=UTC)


def test_worked_weekends_of_years_long_past_are_known(db):
    selectors._holidays.cache_clear()
    with time_machine.travel(datetime(2031, 5, 1, tzinfo=UTC)):
        hours = hours_of(BusinessCalendar.objects.get(code="cn-office"))
    assert hours.stretches(date(2025, 10, 11)) == ((time(9), time(18)),)


@pytest.mark.parametrize(
    ("code", "holiday"),
    [("gb-office", date(2026, 12, 25)), ("us-office", date(2026, 7, 3)), ("de-office", date(2026, 10, 3))],
)
def test_public_holidays_of_other_countries(db, code, holiday):
    assert hours_of(BusinessCalendar.objects.get(code=code)).stretches(holiday) == ()


def test_special_days_win(db):
    calendar = BusinessCalendar.objects.get(code="cn-office")
    CalendarException.objects.create(calendar=calendar, day=date(2025, 10, 1), is_open=True)
    CalendarException.objects.create(calendar=calendar, day=date(2025, 10, 11), is_open=False)
    hours = hours_of(calendar)
    assert hours.stretches(date(2025, 10, 1)) == ((time(9), time(18)),)
    assert hours.stretches(date(2025, 10, 11)) == ()


def test_several_calendars_cost_three_statements(db, django_assert_num_queries):
    ids = set(BusinessCalendar.objects.values_list("pk", flat=True))
    with django_assert_num_queries(3):
        assert hours_by_id(ids).keys() == ids


def test_only_one_default_and_no_hours_backwards(db):
    calendar = BusinessCalendar.objects.get(code="always")
    with pytest.raises(IntegrityError), transaction.atomic():
        BusinessCalendar.objects.filter(pk=calendar.pk).update(is_default=True)
    backwards = BusinessHours(calendar=calendar, weekday=0, opens_at=time(10), closes_at=time(9))
    with pytest.raises(ValidationError, match="after the start"):
        backwards.full_clean()
    calendar.time_zone = "Mars/Base"
    calendar.holidays_country = "XX"
    with pytest.raises(ValidationError) as caught:
        calendar.full_clean()
    assert set(caught.value.error_dict) == {"time_zone", "holidays_country"}

"""The calendars that an installation starts with."""

from datetime import time

from django.apps import AppConfig
from django.db import transaction

from core.calendars.models import BusinessCalendar, BusinessHours

_EVERY_DAY = range(7)
_WEEKDAYS = range(5)

# code, name, time zone, holidays, days, from, to; the first is the default.
_CALENDARS = [
    ("operations", "Operations, every day 09:00–21:00", "Asia/Shanghai", "", _EVERY_DAY, time(9), time(21)),
    ("always", "Round the clock", "UTC", "", _EVERY_DAY, time(0), time(0)),
    ("cn-office", "China, office hours", "Asia/Shanghai", "CN", _WEEKDAYS, time(9), time(18)),
    ("gb-office", "United Kingdom, office hours", "Europe/London", "GB", _WEEKDAYS, time(9), time(17, 30)),
    ("us-office", "United States (East), office hours", "America/New_York", "US", _WEEKDAYS, time(9), time(17)),
    ("de-office", "Germany, office hours", "Europe/Berlin", "DE", _WEEKDAYS, time(9), time(17)),
]


@transaction.atomic
def ensure_calendars(sender: AppConfig | None = None, using: str = "default", **kwargs: object) -> None:
    """Make the calendars where there are none at all; runs after migrate."""
    if BusinessCalendar.objects.using(using).exists():
        return
    for position, (code, name, zone, country, days, opens, closes) in enumerate(_CALENDARS):
        calendar = BusinessCalendar.objects.using(using).create(
            code=code, name=name, time_zone=zone, holidays_country=country, is_default=position == 0
        )
        BusinessHours.objects.using(using).bulk_create(
            BusinessHours(calendar=calendar, weekday=day, opens_at=opens, closes_at=closes) for day in days
        )

from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from core.calendars.models import BusinessCalendar
from core.calendars.rules import Hours, Stretch, never

if TYPE_CHECKING:
    from holidays import HolidayBase


def default_hours() -> Hours:
    """The hours of the default calendar. Raises BusinessCalendar.DoesNotExist where none is set."""
    return hours_of(BusinessCalendar.objects.get(is_default=True))


def hours_by_id(calendar_ids: set[int]) -> dict[int, Hours]:
    """The hours of several calendars, in three statements."""
    calendars = BusinessCalendar.objects.filter(pk__in=calendar_ids).prefetch_related("hours", "exceptions")
    return {calendar.pk: hours_of(calendar) for calendar in calendars}


def hours_of(calendar: BusinessCalendar) -> Hours:
    """A calendar in the form that the rules take."""
    week: list[list[Stretch]] = [[] for _ in range(7)]
    for stretch in calendar.hours.all():
        week[stretch.weekday].append((stretch.opens_at, stretch.closes_at))
    special = {exception.day: exception.is_open for exception in calendar.exceptions.all()}
    public = _holidays(calendar.holidays_country) if calendar.holidays_country else None
    return Hours(
        zone=ZoneInfo(calendar.time_zone),
        week=tuple(tuple(sorted(day)) for day in week),
        is_holiday=public.__contains__ if public is not None else never,
        is_worked=partial(_is_worked, public) if public is not None else never,
        closed_days=frozenset(day for day, is_open in special.items() if not is_open),
        open_days=frozenset(day for day, is_open in special.items() if is_open),
    )


@lru_cache(maxsize=16)
def _holidays(country: str) -> "HolidayBase":
    import holidays  # noqa: PLC0415 - a large package, only for calendars with public holidays

    found = holidays.country_holidays(country)
    this_year = date.today().year  # noqa: DTZ011 - a hint what to load now; other years load on demand
    for year in range(this_year - 1, this_year + 2):
        _ = date(year, 1, 1) in found
    return found


def _is_worked(public: Any, day: date) -> bool:
    """Whether a government made this weekend day a working day (China's 调休)."""
    return day not in public and day in getattr(public, "weekend_workdays", ())  # the first look loads the day's year

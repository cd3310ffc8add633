"""The delivery date promised at hand-over."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SUNDAY, _SATURDAY = 6, 5
DAY_ENDS = time(20, 0)


@dataclass(frozen=True, slots=True)
class Transit:
    """A row of the table of transit times; empty fields hold for everything."""

    days: int
    service: str = ""
    origin_country: str = ""
    country: str = ""
    province: str = ""
    business_days_only: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    service: str
    origin_country: str
    country: str
    province: str


def pick_transit(rows: Iterable[Transit], journey: Journey) -> Transit | None:
    """The most specific row that fits the journey: province, then country, service, origin."""
    fitting = [row for row in rows if _fits(row, journey)]
    return max(
        fitting,
        key=lambda row: (bool(row.province), bool(row.country), bool(row.service), bool(row.origin_country)),
        default=None,
    )


def _fits(row: Transit, journey: Journey) -> bool:
    return (
        row.service in ("", journey.service)
        and row.origin_country in ("", journey.origin_country)
        and row.country in ("", journey.country)
        and (not row.province or journey.province.startswith(row.province))
    )


def estimate_delivery(
    *,
    handed_over_at: datetime,
    transit: Transit,
    zone: ZoneInfo,
    cut_off: time | None,
    is_holiday: Callable[[date], bool],
    time_scale: int = 1,
) -> datetime:
    """When the parcel is promised: so many days after the day of hand-over, in the evening, sender's time.

    After the cut-off the journey starts the next day. `time_scale` above 1 is the carrier sandbox's: there
    the promise is that many times closer, counted from the hand-over.
    """
    local = handed_over_at.astimezone(zone)
    day = local.date() + timedelta(days=1 if cut_off and local.time() > cut_off else 0)
    left = transit.days
    while left > 0:
        day += timedelta(days=1)
        if not (transit.business_days_only and (day.weekday() in (_SATURDAY, _SUNDAY) or is_holiday(day))):
            left -= 1
    promised = datetime.combine(day, DAY_ENDS, zone)
    return handed_over_at + max(promised - local, timedelta(0)) / time_scale

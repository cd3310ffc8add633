"""When a parcel must leave to go with today's collection."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def next_cut_off(at: datetime, cut_off: time, time_zone: str) -> datetime:
    """The first instant after `at` at which the warehouse's clock shows `cut_off`; in UTC."""
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    candidate = datetime.combine(local.date(), cut_off, zone)
    if candidate <= local:
        candidate = datetime.combine(local.date() + timedelta(days=1), cut_off, zone)
    return candidate.astimezone(UTC)

"""Deadlines of cases. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.calendars.rules import Hours, add_business_minutes, business_minutes_between

WARN_RATIO = 0.75


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Instants, UTC."""

    respond_by: datetime
    warn_at: datetime
    resolve_by: datetime


def deadlines(hours: Hours, start: datetime, respond_minutes: int, resolve_minutes: int) -> Deadlines:
    """The deadlines of a case whose clock starts at `start`; minutes are business time."""
    return Deadlines(
        respond_by=add_business_minutes(hours, start, respond_minutes),
        warn_at=add_business_minutes(hours, start, resolve_minutes * WARN_RATIO),
        resolve_by=add_business_minutes(hours, start, resolve_minutes),
    )


def shift(hours: Hours, deadline: datetime, paused_at: datetime, resumed_at: datetime) -> datetime:
    """A deadline after a pause: what was left of the time when the clock stopped is left when it goes on.

    A deadline that had passed already stays.
    """
    left = business_minutes_between(hours, paused_at, deadline)
    if left <= 0 and deadline <= paused_at:
        return deadline
    return add_business_minutes(hours, resumed_at, left)


def verify_again(resolved_at: datetime, now: datetime, patience: timedelta) -> bool:
    """Whether a resolved case whose cause still exists gets another look before it is reopened."""
    return now - resolved_at < patience

"""Whether the installation as a whole does its work; answered by /readyz and shown on the System page."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from core.system_state import WORK_SEEN_SECONDS, database_answers, last_work_at, stage_states, unapplied_migrations
from core.workers import redis_answers

CACHE_SECONDS = 1.5
STATEMENT_TIMEOUT = "3s"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be right, with figures that say more."""

    ok: bool
    details: dict[str, Any] = field(default_factory=dict)


Report = dict[str, Check]

_lock = threading.Lock()
_kept: tuple[float, Report] | None = None


def report() -> Report:
    """All checks by name, at most CACHE_SECONDS old, so that asking often costs nothing."""
    global _kept  # noqa: PLW0603 - one cache per process
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > CACHE_SECONDS:
            _kept = time.monotonic(), _look()
        return _kept[1]


def forget() -> None:
    """Let the next report() look anew."""
    global _kept  # noqa: PLW0603
    _kept = None


def is_ready(checks: Report) -> bool:
    return all(check.ok for check in checks.values())


def _look() -> Report:
    checks = {"database": Check(database_answers()), "redis": Check(redis_answers())}
    now = timezone.now()
    for name, look in _DATABASE_CHECKS.items():
        checks[name] = _with_time_limit(look, now) if checks["database"].ok else Check(False)
    return checks


def _with_time_limit(look: Callable[[datetime], Check], now: datetime) -> Check:
    """A check that the database can't answer in time has failed, and nobody waits for it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
            return look(now)
    except DatabaseError:
        return Check(False)


def _migrations(now: datetime) -> Check:
    missing = unapplied_migrations()
    return Check(not missing, {"unapplied": missing})


def _workers(now: datetime) -> Check:
    seen_at = last_work_at()
    age = (now - seen_at).total_seconds() if seen_at else None
    return Check(
        age is not None and age <= WORK_SEEN_SECONDS,
        {"last_work_seconds": None if age is None else round(max(age, 0.0), 1)},
    )


def _work(now: datetime) -> Check:
    states = stage_states()
    oldest = {state.stage.name: round(state.age(now), 1) for state in states if state.due.count}
    return Check(
        not any(state.is_late(now) for state in states),
        {
            "oldest_due_seconds": oldest,
            "late": [state.stage.name for state in states if state.is_late(now)],
            "failing": [state.stage.name for state in states if state.is_failing],
        },
    )


_DATABASE_CHECKS: dict[str, Callable[[datetime], Check]] = {
    "migrations": _migrations,
    "workers": _workers,
    "work": _work,
}

"""A wall clock that can be set while processes run.

The system's clock can't be set without touching the whole machine, so the processes of a run read theirs through
an offset that lies in a shared file: `time.time()`, Django's `timezone.now()`, and Celery's clock for schedules and
for the expiry of messages. The clocks of PostgreSQL and Redis stay right, as on hosts of their own;
`time.monotonic()` never jumps on a real host either.
"""

import mmap
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

_SIZE = 8


class Clock:
    """The offset, in seconds, of every process that has the file mapped."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as handle:
            self._map = mmap.mmap(handle.fileno(), _SIZE)

    @property
    def offset(self) -> float:
        seconds: float = struct.unpack("d", self._map[:_SIZE])[0]
        return seconds

    @offset.setter
    def offset(self, seconds: float) -> None:
        self._map[:_SIZE] = struct.pack("d", seconds)


def install(clock: Clock) -> None:
    """Let this process read the time through `clock`; called once, before the product is imported."""
    from celery.app.base import Celery  # noqa: PLC0415 - only where settings are loaded
    from celery.worker import request  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    real_time: Callable[[], float] = time.time

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=clock.offset)

    class ShiftedDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=clock.offset)

    def celery_now(self: Any) -> datetime:
        return now().astimezone(self.timezone)

    time.time = lambda: real_time() + clock.offset
    vars(timezone)["now"] = now
    vars(request)["datetime"] = ShiftedDatetime
    setattr(Celery, "now", celery_now)  # noqa: B010 - a method, as mypy sees it

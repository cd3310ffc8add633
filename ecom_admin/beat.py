"""Beat by a clock that never jumps."""

import time
from typing import Any

from celery.beat import Scheduler


class SteadyScheduler(Scheduler):
    """Starts every entry in its rhythm by the monotonic clock, the first time one rhythm after the start.

    Celery's own schedulers go by the wall clock and keep it on disk: set an hour ahead and back again, they stay
    silent for an hour, a restart notwithstanding. Rhythms of seconds need no memory of the last run.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._due_at: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; returns the seconds until the next is."""
        entries: dict[str, Any] = self.schedule
        for name, entry in entries.items():
            rhythm: float = entry.schedule.seconds
            now = time.monotonic()
            if self._due_at.setdefault(name, now + rhythm) <= now:
                self._due_at[name] = now + rhythm
                self.apply_entry(entry, producer=self.producer)
        return max(min(self._due_at.values()) - time.monotonic(), 0.0)

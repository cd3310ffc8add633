"""How often somebody may do something, counted in Redis for all processes together, more or less at once.

Without Redis nothing is counted and everything passes: a limit protects the service and isn't one itself.
"""

import threading
import time
from dataclasses import dataclass

from core.nudging import breaker, redis_client

ASK_AGAIN_SECONDS = 1.0
_KEY = "ecom:rate:{what}:{who}:{window}"


def seconds_to_wait(*, what: str, who: str, limit: int, window_seconds: int = 60) -> int:
    """Count one use; 0 if it is within `limit` uses per window, otherwise the seconds until the next window."""
    if not limit or breaker.is_open:
        return 0
    window, into = divmod(int(time.time()), window_seconds)
    used = _count(what, _KEY.format(what=what, who=who, window=window), 1, window_seconds)
    return window_seconds - into if used > limit else 0


def roughly_seconds_to_wait(*, what: str, who: str, limit: int, window_seconds: int = 60) -> int:
    """seconds_to_wait() for those who come hundreds of times a second, of whom there are few.

    As long as no more than half of the limit is used, a process counts by itself and tells Redis once a second. Where
    the limit is reached within that second, each process may let half of it through.
    """
    if not limit or breaker.is_open:
        return 0
    now = time.time()
    window, into = divmod(int(now), window_seconds)
    name = _KEY.format(what=what, who=who, window=window)
    with _lock:
        tally = _tallies.get((what, who))
        if tally is None or tally.name != name:
            tally = _tallies[what, who] = _Tally(name)
        tally.untold += 1
        if now - tally.asked_at < ASK_AGAIN_SECONDS and tally.known + tally.untold <= limit // 2:
            return 0
        if not breaker.is_open:  # it may have been somebody before who found out
            tally.known = _count(what, name, tally.untold, window_seconds)
        tally.untold, tally.asked_at = 0, now
        return window_seconds - into if tally.known > limit else 0


@dataclass(slots=True)
class _Tally:
    """The uses of a window, named as in Redis: those that Redis knew of when it was asked, and those it doesn't."""

    name: str
    known: int = 0
    untold: int = 0
    asked_at: float = 0.0


_lock = threading.Lock()
_tallies: dict[tuple[str, str], _Tally] = {}


def _count(what: str, name: str, uses: int, window_seconds: int) -> int:
    """The uses of the window with these; 0 where Redis doesn't answer."""
    answers: list[int] = []
    with breaker.guard("rate limit %s", what):
        pipeline = redis_client().pipeline(transaction=False)
        pipeline.incr(name, uses)
        pipeline.expire(name, window_seconds)
        answers = pipeline.execute()
    return answers[0] if answers else 0

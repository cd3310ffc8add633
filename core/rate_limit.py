"""How often somebody may do something, counted in Redis for all processes together.

Without Redis nothing is counted and everything passes: a limit protects the service and isn't one itself.
"""

import time

from core.nudging import breaker, redis_client

_KEY = "ecom:rate:{what}:{who}:{window}"


def seconds_to_wait(*, what: str, who: str, limit: int, uses: int = 1, window_seconds: int = 60) -> int:
    """Count `uses`; 0 if they are within `limit` per window, otherwise the seconds until the next window."""
    if not limit or breaker.is_open:
        return 0
    window, into = divmod(int(time.time()), window_seconds)
    name = _KEY.format(what=what, who=who, window=window)
    used = 0
    with breaker.guard("rate limit %s", what):
        pipeline = redis_client().pipeline(transaction=False)
        pipeline.incr(name, uses)
        pipeline.expire(name, window_seconds)
        used = int(pipeline.execute()[0])
    return window_seconds - into if used > limit else 0

"""The hint through Redis that work is due, behind a circuit breaker.

Losing a hint costs seconds, never work; so Redis being down must not cost the caller anything either.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

NUDGE_TTL_SECONDS = 30
OPEN_SECONDS = 5.0
TIMEOUT_SECONDS = 0.5


class Breaker:
    """Skips calls for a few seconds after one failed, so that a dead Redis is asked rarely."""

    def __init__(self) -> None:
        self._closed_at = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._closed_at

    def reset(self) -> None:
        self._closed_at = 0.0

    @contextmanager
    def guard(self, what: str, *args: object) -> Iterator[None]:
        """Swallow and log any error of the block, and open the breaker."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever a broker may raise, the caller goes on
            self._closed_at = time.monotonic() + OPEN_SECONDS
            logger.warning("Not sent: %s: %s", what % args, error)


breaker = Breaker()


@lru_cache(maxsize=1)
def redis_client() -> Redis:
    """A client that fails within half a second."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def claim_nudges(names: Sequence[str]) -> list[str]:
    """Those of these stages for which no nudge is under way; none where Redis doesn't answer."""
    if breaker.is_open:
        return []
    free: list[bool] = []
    with breaker.guard("stage nudge %s", ", ".join(names)):
        pipeline = redis_client().pipeline(transaction=False)
        for name in names:
            pipeline.set(_key(name), b"1", nx=True, ex=NUDGE_TTL_SECONDS)
        free = pipeline.execute()
    return [name for name, is_free in zip(names, free, strict=False) if is_free]


def clear_nudge(name: str) -> None:
    """Let the next nudge through; called when the stage starts, so that later work starts it again."""
    if breaker.is_open:
        return
    with breaker.guard("end of nudge %s", name):
        redis_client().delete(_key(name))


def _key(name: str) -> str:
    return f"ecom:nudge:{name}"

"""How many calls a carrier gets per second, counted in Redis for all workers together.

A token bucket refills with the carrier's rate and holds two seconds' worth. Without Redis every process counts
for itself, which is the best that can be done and never stops the work.
"""

import logging
import threading
import time
from dataclasses import dataclass

from core.nudging import Breaker, redis_client

logger = logging.getLogger(__name__)

BURST_SECONDS = 2.0
_KEY = "ecom:carrier-tokens:{carrier_id}"

# KEYS[1] the bucket; ARGV: rate per second, capacity, tokens wanted, and the time to live. Redis's own clock is
# used, so that workers on different machines agree.
_TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or tonumber(ARGV[2])
local at = tonumber(bucket[2]) or now
tokens = math.min(tonumber(ARGV[2]), tokens + math.max(0, now - at) * tonumber(ARGV[1]))
local granted = math.min(tonumber(ARGV[3]), math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - granted), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return granted
"""

_redis_away = Breaker()


def take_calls(*, carrier_id: int, rate_per_second: int, wanted: int) -> int:
    """How many of `wanted` calls may be made now; a rate of 0 is no limit. Calls granted are spent."""
    if rate_per_second <= 0 or wanted <= 0:
        return max(wanted, 0)
    capacity = rate_per_second * BURST_SECONDS
    if not _redis_away.is_open:
        with _redis_away.guard("carrier tokens"):
            granted = redis_client().eval(
                _TAKE, 1, _KEY.format(carrier_id=carrier_id), rate_per_second, capacity, wanted, 60
            )
            return int(str(granted))
    return _local.take(carrier_id, rate_per_second, capacity, wanted)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class _LocalBuckets:
    """The same bucket in this process's memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[int, _Bucket] = {}

    def take(self, carrier_id: int, rate: float, capacity: float, wanted: int) -> int:
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(carrier_id, _Bucket(capacity, now))
            bucket.tokens = min(capacity, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            granted = min(wanted, int(bucket.tokens))
            bucket.tokens -= granted
            return granted


_local = _LocalBuckets()

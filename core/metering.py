"""Counters and durations that every process adds to and `/metrics` reads, kept in one hash in Redis.

A process collects and writes every few seconds, so that counting costs a request or a carrier call microseconds.
What Redis forgets starts at nought again, which Prometheus takes for a restart; without Redis nothing is kept.
"""

import json
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.nudging import breaker, redis_client

KEY = "ecom:metrics"
FLUSH_SECONDS = 5.0
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Durations:
    """How often something took how long: `counts[i]` fell into bucket i, the last one is beyond all bounds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0


_pending: dict[tuple[str, Labels], Durations] = {}
_lock = threading.Lock()
_flushed_at = time.monotonic()


def observe(name: str, labels: Mapping[str, str], seconds: float) -> None:
    """Note that something took so long; written with the next flush()."""
    key = name, tuple(sorted(labels.items()))
    with _lock:
        durations = _pending.setdefault(key, Durations())
        durations.counts[bisect_left(BUCKETS, seconds)] += 1
        durations.seconds += seconds


def flush_if_due() -> None:
    """flush(), if the last one was a while ago."""
    if time.monotonic() - _flushed_at >= FLUSH_SECONDS:
        flush()


def flush() -> None:
    """Add what this process has collected to the totals; never raises. What Redis doesn't take is dropped."""
    global _flushed_at  # noqa: PLW0603 - one clock per process
    with _lock:
        _flushed_at = time.monotonic()
        collected = dict(_pending)
        _pending.clear()
    if not collected or breaker.is_open:
        return
    with breaker.guard("metrics"):
        pipeline = redis_client().pipeline(transaction=False)
        for (name, labels), durations in collected.items():
            for index, count in enumerate(durations.counts):
                if count:
                    pipeline.hincrby(KEY, _field(name, labels, str(index)), count)
            pipeline.hincrbyfloat(KEY, _field(name, labels, "sum"), durations.seconds)
        pipeline.execute()


def totals() -> dict[str, dict[Labels, Durations]]:
    """Everything counted by all processes, by name and labels; empty without Redis."""
    found: dict[str, dict[Labels, Durations]] = {}
    entries: dict[bytes | str, bytes | str] = {}
    if not breaker.is_open:
        with breaker.guard("metrics"):
            entries = redis_client().hgetall(KEY)
    for entry, value in entries.items():
        name, labels, part = json.loads(entry)
        durations = found.setdefault(name, {}).setdefault(tuple((key, text) for key, text in labels), Durations())
        if part == "sum":
            durations.seconds = float(value)
        else:
            durations.counts[int(part)] = int(value)
    return found


def _field(name: str, labels: Labels, part: str) -> str:
    return json.dumps([name, labels, part], ensure_ascii=False, separators=(",", ":"))

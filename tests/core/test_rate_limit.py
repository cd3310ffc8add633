"""Uses are counted for all processes together; those of programs roughly, and seldom."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from core import rate_limit
from core.nudging import breaker, redis_client
from core.rate_limit import roughly_seconds_to_wait, seconds_to_wait
from tests.core.threads import raise_errors, run_together

NOW = 1_800_000_030.0  # half a minute is over
LEFT = 30


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    redis_client().flushdb()
    breaker.reset()
    monkeypatch.setattr(rate_limit, "_tallies", {})
    yield
    redis_client().flushdb()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The uses that Redis was told of."""
    told: list[int] = []
    count = rate_limit._count

    def watch(what: str, name: str, uses: int, window_seconds: int) -> int:
        told.append(uses)
        return count(what, name, uses, window_seconds)

    monkeypatch.setattr(rate_limit, "_count", watch)
    return told


def use(*, limit: int = 10) -> int:
    return roughly_seconds_to_wait(what="test", who="key", limit=limit)


def another_process(uses: int) -> None:
    for _use in range(uses):
        seconds_to_wait(what="test", who="key", limit=10)


def test_the_limit_holds_whoever_counts(clock: Clock) -> None:
    assert [seconds_to_wait(what="test", who="person", limit=2) for _use in range(3)] == [0, 0, LEFT]
    assert [use(limit=2) for _use in range(3)] == [0, 0, LEFT]
    clock.now += LEFT
    assert use(limit=2) == 0


def test_far_below_the_limit_redis_is_told_once_a_second(clock: Clock, asked: list[int]) -> None:
    assert [use() for _use in range(4)] == [0] * 4
    assert asked == [1]
    clock.now += 1
    use()
    assert asked == [1, 4]


def test_near_the_limit_redis_is_asked_each_time_and_no_use_is_forgotten(clock: Clock, asked: list[int]) -> None:
    assert [use() for _use in range(10)] == [0] * 10
    assert sum(asked) == 10
    assert use() == LEFT


def test_no_more_than_the_limit_come_through_at_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    count = rate_limit._count

    def slow(*about: Any) -> int:
        time.sleep(0.01)
        return count(*about)

    monkeypatch.setattr(rate_limit, "_count", slow)
    waits = raise_errors(run_together(*[use] * 16))
    assert sorted(waits) == [0] * 10 + [LEFT] * 6


def test_what_other_processes_use_counts(clock: Clock) -> None:
    use()
    another_process(8)
    assert use() == 0, "it hasn't heard of them"
    clock.now += 1
    assert use() == LEFT - 1


def test_a_new_window_begins_at_nothing(clock: Clock, asked: list[int]) -> None:
    assert [use() for _use in range(11)][-1] == LEFT
    asked.clear()
    clock.now += LEFT
    assert [use() for _use in range(3)] == [0, 0, 0]
    assert asked == [1]


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 1}], ids=["no limit", "no Redis"])
def test_without_a_limit_or_redis_everything_passes(options: dict[str, Any], clock: Clock, settings: Any) -> None:
    if options["limit"]:
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
        redis_client.cache_clear()
    try:
        assert [use(**options) for _use in range(3)] == [0] * 3
    finally:
        redis_client.cache_clear()
        breaker.reset()

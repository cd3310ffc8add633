"""Concurrent calls are worked on together; each gets its own results and its own errors."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import batching
from core.batching import Batcher
from tests.waiting import wait_until

SECONDS = 60


class Work:
    """Doubles numbers. The first batch waits until it is let go; a negative number fails its whole batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, key: str, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        if any(item < 0 for item in items):
            raise ValueError(f"{key}: negative")
        return [2 * item for item in items]


@pytest.fixture
def work() -> Work:
    return Work()


def batcher(work: Work, *, limit: int = 100) -> Batcher[str, int, int]:
    return Batcher(work, limit=limit, gather_seconds=0.5)


def submit_behind(work: Work, door: Batcher[str, int, int], first: list[int], others: list[list[int]]) -> list[object]:
    """Results, or errors, of a first call and of others that came while it was worked on."""
    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures = [pool.submit(door.submit, "a", first)]
        assert work.begun.wait(SECONDS)
        for items in others:
            futures.append(pool.submit(door.submit, "a", items))
            wait_until(lambda: len(door._lines["a"].calls) == len(futures) - 1)
        work.go_on.set()
        return [future.exception(SECONDS) or future.result() for future in futures]


def test_a_lone_call_is_worked_on_at_once(work: Work) -> None:
    work.go_on.set()
    assert batcher(work).submit("a", [1, 2]) == [2, 4]
    assert work.batches == [[1, 2]]


def test_calls_that_come_meanwhile_share_the_next_batch(work: Work) -> None:
    results = submit_behind(work, batcher(work), [1], [[2, 3], [], [4]])
    assert results == [[2], [4, 6], [], [8]]
    assert work.batches == [[1], [2, 3, 4]]


def test_a_batch_stays_within_the_limit(work: Work) -> None:
    results = submit_behind(work, batcher(work, limit=3), [1], [[2, 3], [4, 5], [6]])
    assert results == [[2], [4, 6], [8, 10], [12]]
    assert work.batches == [[1], [2, 3], [4, 5, 6]]


def test_one_bad_item_fails_its_own_call_only(work: Work) -> None:
    good, bad, *others = submit_behind(work, batcher(work), [1], [[-1], [2], [3]])
    assert (good, others) == ([2], [[4], [6]])
    assert isinstance(bad, ValueError)
    assert sorted(work.batches[2:]) == [[-1], [2], [3]]


def test_other_keys_do_not_wait(work: Work) -> None:
    door = batcher(work)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(door.submit, key, [1]) for key in ("a", "b")]
        wait_until(lambda: len(work.batches) == 2)
        work.go_on.set()
        assert [future.result(SECONDS) for future in futures] == [[2], [2]]


def test_a_batch_after_company_waits_for_company(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "REMEMBERED_SECONDS", SECONDS)
    door = batcher(work)
    submit_behind(work, door, [1], [[2], [3]])
    monkeypatch.setattr(door, "_gather_seconds", SECONDS)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(door.submit, "a", [item]) for item in (4, 5)]
        assert sorted(result for future in futures for result in future.result(SECONDS)) == [8, 10]
    assert sorted(work.batches[-1]) == [4, 5]


def test_a_killed_call_lets_the_others_go_on() -> None:
    let_go = threading.Event()

    def work(_key: str, items: Sequence[int]) -> list[int]:
        assert let_go.wait(SECONDS)
        if 1 in items:
            raise SystemExit
        return list(items)

    door: Batcher[str, int, int] = Batcher(work, limit=100, gather_seconds=0)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(door.submit, "a", [1])
        wait_until(lambda: door._lines and door._lines["a"].is_led)
        others = [pool.submit(door.submit, "a", [item]) for item in (2, 3)]
        wait_until(lambda: len(door._lines["a"].calls) == 2)
        let_go.set()
        assert isinstance(first.exception(SECONDS), SystemExit)
        assert [other.result(SECONDS) for other in others] == [[2], [3]]

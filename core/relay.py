"""Transactions that follow each other closely: while one commits, the next has begun.

A commit is more than a word: PostgreSQL checks foreign keys and waits for its log. Whoever writes one batch after the
other can do meanwhile what the next one needs nobody for.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from typing import Any, TypeVar

from django.db import connection, connections

from core.overlapping import as_here

T = TypeVar("T")
R = TypeVar("R")


class Leg:
    """One item's part of a relay; `before` is the work on the item before it."""

    def __init__(self, before: "Future[Any] | None" = None) -> None:
        self._before = before
        self._is_passed_on = threading.Event()

    def catch_up(self) -> bool:
        """Wait until the work on the item before has ended, its transaction with it; False if there is none before.

        What was read until now may be out of date. Raises what that work raised.
        """
        if self._before is None:
            return False
        self._before.result()
        return True

    def pass_on(self) -> None:
        """Let the work on the next item begin."""
        self._is_passed_on.set()

    def wait_until_passed_on(self, work: "Future[Any]") -> None:
        """Wait until this item's `work` has passed on, or ended."""
        work.add_done_callback(lambda _work: self.pass_on())
        self._is_passed_on.wait()


Work = Callable[[T, Leg], R]
Begin = Callable[[Callable[[], Any]], "Future[Any]"]


@contextmanager
def relay(items: Iterable[T], work: Work[T, R]) -> Iterator[Iterator[R]]:
    """The results of `work` on each item, in order, from two threads in turn that have a connection each.

    `work` opens a transaction of its own. In it, it calls its leg's catch_up() before it depends on what the item
    before wrote, or writes what others may wait for; and pass_on() as the last, before the commit. So at most two
    transactions are open, and they end one after the other: where one fails, catch_up() fails the next, and no further
    item is begun. What `work` raises is raised in its result's place.

    Inside a transaction of the caller's, which other connections couldn't look into, one item comes after the other.
    """
    if connection.in_atomic_block:
        yield (work(item, Leg()) for item in items)
        return
    with _lane() as one, _lane() as other:
        yield _results(items, work, cycle((one, other)))


def _results(items: Iterable[T], work: Work[T, R], lanes: Iterator[Begin]) -> Iterator[R]:
    before: Future[R] | None = None
    for item in items:
        leg = Leg(before)
        current = next(lanes)(partial(work, item, leg))
        leg.wait_until_passed_on(current)
        if before is not None:
            yield before.result()
        if current.done():
            current.result()  # what it raises ends the relay before another item is begun
        before = current
    if before is not None:
        yield before.result()


@contextmanager
def _lane() -> Iterator[Begin]:
    """A function that begins work in a thread of its own, with this thread's request id, language and time zone."""
    run = as_here()
    with ThreadPoolExecutor(1, thread_name_prefix="lane") as thread:
        try:
            yield lambda work: thread.submit(run, work)
        finally:
            thread.submit(connections.close_all).result()

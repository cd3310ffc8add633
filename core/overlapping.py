"""Work of one job that goes on beside its main line: what comes next is prepared, what is done is followed up.

Threads help although Python runs one of them at a time: most of a batch is the database's time.
"""

import gc
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeVar, cast

from django.db import connection, connections
from django.utils import timezone, translation

T = TypeVar("T")
R = TypeVar("R")

SHORT_TURN_SECONDS: Final = 0.0005
BULK_THRESHOLDS: Final = (100_000, 20, 20)
LONGEST_WAIT_SECONDS: Final = 0.5  # a main line that works for longer is no longer waited for
_END: Final = object()


class RightOfWay:
    """Lets the main line go first: what goes on beside it waits while it works, and goes on while it waits itself.

    Python runs one thread at a time and lets all that want to take turns, whatever they are for. A main line that has
    the database's answer would go on at a third of its pace, and all others come too early.
    """

    def __init__(self) -> None:
        self._is_free = threading.Event()
        self._is_free.set()
        self._statements = 0  # of the main line that run, one within the other

    @contextmanager
    def main_line(self) -> Iterator[None]:
        """What the main line does in the block goes first, but for its statements, which others may use."""
        with connection.execute_wrapper(self._during_statement):
            self._is_free.clear()
            try:
                yield
            finally:
                self._is_free.set()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Others go on in this block, in which the main line waits for something."""
        self._is_free.set()
        try:
            yield
        finally:
            self._is_free.clear()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Give way after every statement of this thread's connection."""
        with connection.execute_wrapper(self._after_statement):
            yield

    def steps(self, items: Iterable[T]) -> Iterator[T]:
        """`items`, giving way before each."""
        for item in items:
            self._give_way()
            yield item

    def _give_way(self) -> None:
        if not self._is_free.wait(LONGEST_WAIT_SECONDS):
            self._is_free.set()  # for all, until the main line's next statement ends

    def _during_statement(self, execute: Callable[..., R], *statement: Any) -> R:
        self._statements += 1  # one may send others before itself
        self._is_free.set()
        try:
            return execute(*statement)
        finally:
            self._statements -= 1
            if not self._statements:
                self._is_free.clear()

    def _after_statement(self, execute: Callable[..., R], *statement: Any) -> R:
        try:
            return execute(*statement)
        finally:
            self._give_way()


@contextmanager
def ahead(items: Iterable[T], *, depth: int) -> Iterator[Iterator[T]]:
    """`items`, up to `depth` of them made in a thread before they are asked for.

    What makes them must not use the database. What it raises is raised where the item would have come.
    """
    iterator, run = iter(items), as_here()

    def following() -> object:
        return next(iterator, _END)

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:

        def begin() -> Future[object]:
            return pool.submit(run, following)

        def produce() -> Iterator[T]:
            coming = deque(begin() for _number in range(depth))
            while (item := coming.popleft().result()) is not _END:
                coming.append(begin())
                yield cast("T", item)

        try:
            yield produce()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def behind(work: Callable[[T], object], *, depth: int) -> Iterator[Callable[[T], None]]:
    """A function that hands an item to `work`, which runs in a thread with a connection of its own, one at a time.

    It waits while `depth` items are under way. Leaving the block waits for all, and works on what hasn't begun: nothing
    else is left to do. What `work` raises is raised by a later call or at the end. Inside a transaction of the
    caller's, which another connection couldn't look into, `work` runs at once.
    """
    if connection.in_atomic_block:
        yield lambda item: cast("None", work(item))
        return
    run = as_here()
    with ThreadPoolExecutor(1, thread_name_prefix="behind") as pool:
        under_way: deque[tuple[Future[object], T]] = deque()

        def hand_over(item: T) -> None:
            if len(under_way) == depth:
                under_way.popleft()[0].result()
            under_way.append((pool.submit(run, partial(work, item)), item))

        try:
            yield hand_over
            for begun, item in under_way:
                if begun.cancel():
                    work(item)
        finally:
            pool.submit(connections.close_all).result()
        for begun, _item in under_way:
            if not begun.cancelled():
                begun.result()


def as_here() -> Callable[[Callable[[], object]], object]:
    """A function that runs another with this thread's request id, language and time zone."""
    context, language, zone = copy_context(), translation.get_language(), timezone.get_current_timezone()

    def run(work: Callable[[], object]) -> object:
        with translation.override(language), timezone.override(zone):
            return work()

    return lambda work: context.run(run, work)


@contextmanager
def bulk_work() -> Iterator[None]:
    """Tune this process for batches of thousands of objects, worked on by several threads.

    Threads take turns ten times as often: the one that the database has answered goes on at once then, while with
    Python's 5 ms each, a batch of twenty statements would wait for the others longer than for the database. And
    garbage is looked for after many more objects: a batch holds a hundred thousand that are none, and going through
    them again and again took a fifth of the time.
    """
    turn, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SHORT_TURN_SECONDS)
    gc.set_threshold(*BULK_THRESHOLDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        gc.set_threshold(*thresholds)

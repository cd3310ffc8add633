"""Calls of several threads worked on together, as a database groups its commits.

Whoever comes while others are worked on waits and is taken along by the next batch, so that under load a batch costs
little more than one of its calls would. A batch that follows one with company waits a moment for as many to come
again; a lone call waits for nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

REMEMBERED_SECONDS = 0.05


class _Call(Generic[Item, Result]):
    """What one thread brought. `woken` is set once it has results, is the next to lead, or must work alone."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.woken = threading.Event()
        self.leads = False
        self.results: list[Result] | None = None


class _Line(Generic[Item, Result]):
    """The calls of one key. `expected` is how many the next batch may count on, its leader included."""

    def __init__(self) -> None:
        self.calls: deque[_Call[Item, Result]] = deque()
        self.is_led = False
        self.expected = 1
        self.worked_at = 0.0
        self.complete = threading.Event()


class Batcher(Generic[Key, Item, Result]):
    """Hands the items of concurrent calls with the same key to `work`, in batches of about `limit` at the most.

    `work(key, items)` returns a result for every item, in their order; it runs in the thread of one of the calls.
    Where it raises for several calls, each of them runs it again by itself, so that none fails for another's items:
    it must leave nothing behind when it raises. `gather_seconds` is how long a batch waits at the most for the calls
    that it can expect by what came just before.
    """

    def __init__(
        self, work: Callable[[Key, Sequence[Item]], Sequence[Result]], *, limit: int, gather_seconds: float
    ) -> None:
        self._work = work
        self._limit = limit
        self._gather_seconds = gather_seconds
        self._lock = threading.Lock()
        self._lines: dict[Key, _Line[Item, Result]] = {}

    def submit(self, key: Key, items: Sequence[Item]) -> list[Result]:
        """The results of `items`, once `work` has returned them. Raises what it raises for these items alone."""
        call: _Call[Item, Result] = _Call(items)
        with self._lock:
            line = self._lines.setdefault(key, _Line())
            self._join(line, call)
        if not call.leads:
            call.woken.wait()
        if call.leads:
            self._lead(key, line, call)
        return list(self._work(key, items)) if call.results is None else call.results

    def _join(self, line: _Line[Item, Result], call: _Call[Item, Result]) -> None:
        if line.is_led:
            line.calls.append(call)
            if len(line.calls) + 1 >= line.expected:
                line.complete.set()
            return
        line.is_led = call.leads = True
        if time.monotonic() - line.worked_at > REMEMBERED_SECONDS:
            line.expected = 1

    def _lead(self, key: Key, line: _Line[Item, Result], call: _Call[Item, Result]) -> None:
        if len(line.calls) + 1 < line.expected:
            line.complete.wait(self._gather_seconds)
        calls = [call, *self._companions(line, len(call.items))]
        try:
            results = iter(self._work(key, [item for taken in calls for item in taken.items]))
            for taken in calls:
                taken.results = list(islice(results, len(taken.items)))
        except Exception:
            if len(calls) == 1:
                raise
        finally:
            self._hand_over(line, len(calls))
            for taken in calls[1:]:
                taken.woken.set()

    def _companions(self, line: _Line[Item, Result], size: int) -> list[_Call[Item, Result]]:
        """The calls in line that still fit into the batch."""
        taken = []
        with self._lock:
            while line.calls and size + len(line.calls[0].items) <= self._limit:
                size += len(line.calls[0].items)
                taken.append(line.calls.popleft())
        return taken

    def _hand_over(self, line: _Line[Item, Result], worked_on: int) -> None:
        """Let the next in line lead, or nobody."""
        with self._lock:
            line.worked_at = time.monotonic()
            line.expected = worked_on + len(line.calls)
            line.complete.clear()
            following = line.calls.popleft() if line.calls else None
            line.is_led = following is not None
        if following is not None:
            following.leads = True
            following.woken.set()

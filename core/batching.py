"""Calls of several threads worked on together, as a database groups its commits.

Whoever comes while nobody works starts at once; whoever comes meanwhile waits and is taken along by the next. So a
lone call waits for nothing, and under load a batch costs little more than one of its calls would.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


class _Call(Generic[Item, Result]):
    """What one thread brought. `woken` is set once it has results, is the next to lead, or must work alone."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.woken = threading.Event()
        self.leads = False
        self.results: list[Result] | None = None


class Batcher(Generic[Key, Item, Result]):
    """Hands the items of concurrent calls with the same key to `work`, in batches of about `limit` at the most.

    `work(key, items)` returns a result for every item, in their order; it runs in the thread of one of the calls.
    Where it raises for several calls, each of them runs it again by itself, so that none fails for another's items:
    it must leave nothing behind when it raises.
    """

    def __init__(self, work: Callable[[Key, Sequence[Item]], Sequence[Result]], *, limit: int) -> None:
        self._work = work
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: dict[Key, deque[_Call[Item, Result]]] = {}  # holds a key while a thread works for it

    def submit(self, key: Key, items: Sequence[Item]) -> list[Result]:
        """The results of `items`, once `work` has returned them. Raises what it raises for these items alone."""
        call: _Call[Item, Result] = _Call(items)
        if self._starts(key, call):
            self._lead(key, call)
        else:
            call.woken.wait()
            if call.leads:
                self._lead(key, call)
        return list(self._work(key, items)) if call.results is None else call.results

    def _starts(self, key: Key, call: _Call[Item, Result]) -> bool:
        """Whether nobody works for the key; otherwise the call waits in line."""
        with self._lock:
            line = self._waiting.get(key)
            if line is None:
                self._waiting[key] = deque()
                return True
            line.append(call)
            return False

    def _lead(self, key: Key, call: _Call[Item, Result]) -> None:
        calls = [call, *self._companions(key, len(call.items))]
        try:
            results = iter(self._work(key, [item for taken in calls for item in taken.items]))
            for taken in calls:
                taken.results = list(islice(results, len(taken.items)))
        except Exception:
            if len(calls) == 1:
                raise
        finally:
            self._hand_over(key)
            for taken in calls[1:]:
                taken.woken.set()

    def _companions(self, key: Key, size: int) -> list[_Call[Item, Result]]:
        """The calls in line that still fit into the batch."""
        taken = []
        with self._lock:
            line = self._waiting[key]
            while line and size + len(line[0].items) <= self._limit:
                size += len(line[0].items)
                taken.append(line.popleft())
        return taken

    def _hand_over(self, key: Key) -> None:
        """Let the next in line lead, or free the key."""
        with self._lock:
            line = self._waiting[key]
            if not line:
                del self._waiting[key]
                return
            following = line.popleft()
        following.leads = True
        following.woken.set()

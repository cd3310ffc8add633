"""Short messages that nobody waits for, those of a moment sent together by a thread of its own."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context


class Courier:
    """Hands names to `send` some `pause_seconds` after the first of them was brought, each once.

    Whoever brings them pays neither for the way nor for what the other side makes of it. `send` runs in the context of
    the first, whose request's id it has, and must not raise. A process that ends sends first; what is under way when
    one is killed, or leaves by os._exit() as Celery's do, is lost.
    """

    def __init__(self, send: Callable[[Sequence[str]], None], *, pause_seconds: float) -> None:
        self._send = send
        self._pause_seconds = pause_seconds
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads stay behind, and what they have in hand

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, None] = {}
        self._is_under_way = False
        self._thread: ThreadPoolExecutor | None = None

    def bring(self, names: Iterable[str]) -> None:
        with self._lock:
            self._names.update(dict.fromkeys(names))
            self._is_under_way = self._is_under_way or self._set_out()
            if self._is_under_way:
                return
        self._go(0)

    def _set_out(self) -> bool:
        """Whether the thread will go; not where the process is ending."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="courier")
        try:
            self._thread.submit(copy_context().run, self._go, self._pause_seconds)
        except RuntimeError:
            return False
        return True

    def _go(self, pause_seconds: float) -> None:
        time.sleep(pause_seconds)
        with self._lock:
            names, self._names = list(self._names), {}
            self._is_under_way = False
        if names:
            self._send(names)

"""Short messages that nobody waits for, those of a moment sent together by a thread of its own."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor


class Courier:
    """Hands names to `send` some `pause_seconds` after the first of them was brought, each once.

    Whoever brings them pays neither for the way nor for what the other side makes of it. What is under way when the
    process is killed is lost; one that ends sends it first. `send` must not raise.
    """

    def __init__(self, send: Callable[[Sequence[str]], None], *, pause_seconds: float) -> None:
        self._send = send
        self._pause_seconds = pause_seconds
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads stay behind, and what they have in hand

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[str, None] = {}
        self._thread: ThreadPoolExecutor | None = None

    def bring(self, names: Iterable[str]) -> None:
        with self._lock:
            is_waiting = bool(self._names)
            self._names.update(dict.fromkeys(names))
            if is_waiting:
                return
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="courier")
            thread = self._thread
        try:
            thread.submit(self._go, self._pause_seconds)
        except RuntimeError:  # the process is ending
            self._go(0)

    def _go(self, pause_seconds: float) -> None:
        time.sleep(pause_seconds)
        with self._lock:
            names, self._names = list(self._names), {}
        self._send(names)

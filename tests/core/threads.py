"""Real threads on the real database, for races."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


def run_together(*functions: Callable[[], Any]) -> list[Any]:
    """Start all functions at the same moment, each in a thread with its own connection.

    Returns their results in order; an exception takes the place of a result.
    """
    barrier = threading.Barrier(len(functions))
    results: list[Any] = [None] * len(functions)

    def call(index: int, function: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            results[index] = function()
        except Exception as error:  # noqa: BLE001 - handed to the test as the thread's result
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "a thread hangs"
    return results


def raise_errors(results: Sequence[Any]) -> list[Any]:
    """The results, or the first exception among them."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return list(results)

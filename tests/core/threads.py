"""Real threads on the real database, for races."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction

from tests.waiting import LONGEST_SECONDS, wait_until


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


def lock_around(lock: Callable[[Any], Any], pair: Sequence[Any], work: Callable[[], Any]) -> list[Any]:
    """Lock the first of a pair, let `work` begin and come to wait for it, then lock the second, in one transaction.

    Returns what run_together() does: a deadlock is an error of either.
    """
    begun = threading.Event()

    def lock_both() -> None:
        with transaction.atomic():
            lock(pair[0])
            begun.set()
            wait_until(_somebody_waits)
            lock(pair[1])

    def work_meanwhile() -> Any:
        assert begun.wait(LONGEST_SECONDS)
        return work()

    return run_together(lock_both, work_meanwhile)


def _somebody_waits() -> bool:
    """Whether a session of this database waits for a row that another has locked."""
    with connection.cursor() as cursor:
        cursor.execute("""SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                           WHERE NOT l.granted AND a.datname = current_database())""")
        return bool(cursor.fetchone()[0])


def raise_errors(results: Sequence[Any]) -> list[Any]:
    """The results, or the first exception among them."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return list(results)

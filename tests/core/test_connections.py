"""Threads of a process work on one connection after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, connections, transaction

from core.connections import IDLE, MOST_IDLE, warm_connection

pytestmark = pytest.mark.django_db(transaction=True)


def backend() -> int:
    """The server's process behind the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
        return pid


def warm_backend() -> int:
    with warm_connection():
        return backend()


def in_a_thread(work: Callable[[], int]) -> int:
    def run() -> int:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def crowd(number: int) -> list[int]:
    """The servers' processes of as many threads at the same time."""
    all_there = Barrier(number)

    def meet(_place: int) -> int:
        with warm_connection():
            pid = backend()
            all_there.wait(10)
            return pid

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(meet, range(number)))


def test_one_thread_after_the_other_uses_the_same_connection() -> None:
    own = backend()
    first = warm_backend()
    assert first != own
    assert [in_a_thread(warm_backend), warm_backend()] == [first, first]
    assert backend() == own, "a thread has its own again"


def test_two_at_the_same_time_use_two() -> None:
    first, both = warm_backend(), crowd(2)
    assert len(set(both)) == 2
    assert first in both
    assert warm_backend() in both


def test_the_one_that_was_used_last_is_lent_first() -> None:
    crowd(2)
    last = warm_backend()
    assert [warm_backend() for _time in range(3)] == [last] * 3


def test_a_crowds_connections_are_not_kept() -> None:
    assert len(set(crowd(MOST_IDLE + 3))) == MOST_IDLE + 3
    assert len(IDLE) == MOST_IDLE


def test_what_fails_leaves_nothing_to_the_next() -> None:
    own, first = backend(), warm_backend()
    with pytest.raises(DatabaseError), warm_connection(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert backend() == own
    assert warm_backend() == first


def test_one_that_was_left_in_a_transaction_is_not_lent_again() -> None:
    first = warm_backend()
    with warm_connection():
        left = connections["default"]
        transaction.atomic().__enter__()
    assert warm_backend() != first
    left.connection.close()


def test_a_connection_that_died_is_replaced() -> None:
    first = warm_backend()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert warm_backend() != first

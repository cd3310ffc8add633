"""Threads of a process work on one connection after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, connections, transaction

from core.connections import warm_connection

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


def test_one_thread_after_the_other_uses_the_same_connection() -> None:
    own = backend()
    first = warm_backend()
    assert first != own
    assert [in_a_thread(warm_backend), warm_backend()] == [first, first]
    assert backend() == own, "a thread has its own again"


def test_two_at_the_same_time_use_two() -> None:
    first, both = warm_backend(), Barrier(2)

    def meet() -> int:
        with warm_connection():
            pid = backend()
            both.wait(10)
            return pid

    with ThreadPoolExecutor(2) as pool:
        pids = list(pool.map(lambda _n: meet(), range(2)))
    assert len(set(pids)) == 2
    assert first in pids
    assert warm_backend() in pids


def test_what_fails_leaves_nothing_to_the_next() -> None:
    first = warm_backend()
    with pytest.raises(DatabaseError), warm_connection(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    with warm_connection():
        assert not connection.in_atomic_block
        assert backend() == first


def test_a_connection_that_died_is_replaced() -> None:
    first = warm_backend()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert warm_backend() != first

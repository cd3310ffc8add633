"""What is made ahead and followed up behind comes in order, and its errors come where they belong."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from django.utils import translation

from core.overlapping import ahead, behind, bulk_work
from tests.waiting import wait_until

SECONDS = 60


def numbers(asked: Callable[[int], None], count: int) -> Iterator[int]:
    for number in range(count):
        asked(number)
        yield number


def test_items_are_made_ahead_in_another_thread_and_not_too_far() -> None:
    made: list[int] = []
    threads: set[int] = set()
    enough = threading.Event()

    def note(number: int) -> None:
        made.append(number)
        threads.add(threading.get_ident())
        if len(made) == 3:
            enough.set()

    with ahead(numbers(note, 20), depth=2) as items:
        assert next(items) == 0
        assert enough.wait(SECONDS)  # 1 and 2, without being asked for
        assert list(items) == list(range(1, 20))
    assert made == list(range(20))
    assert threading.get_ident() not in threads


def test_an_error_while_making_comes_in_its_place() -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise ValueError(number)

    with ahead(numbers(fail, 9), depth=4) as items:
        assert [next(items) for _number in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="3"):
            next(items)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    made: list[int] = []
    with ahead(numbers(made.append, 1000), depth=2) as items:
        next(items)
    assert len(made) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_the_language_goes_along() -> None:
    def language() -> Iterator[str]:
        yield translation.get_language()

    with translation.override("zh-hans"), ahead(language(), depth=1) as items:
        assert next(items) == "zh-hans"


@pytest.mark.django_db(transaction=True)
def test_work_behind_goes_on_in_order_and_is_waited_for() -> None:
    done: list[tuple[int, bool]] = []
    pids: set[int] = set()
    here = threading.get_ident()

    def work(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pids.add(cursor.fetchone()[0])
        done.append((number, threading.get_ident() != here))

    with behind(work, depth=2) as hand_over:
        for number in range(5):
            hand_over(number)
    assert done == [(number, True) for number in range(5)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert pids.isdisjoint({cursor.fetchone()[0]})
    wait_until(lambda: sessions(pids) == 0)  # its connection is closed


def sessions(pids: set[int]) -> int:
    """How many of these sessions the server still has; one that was closed ends a moment later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [list(pids)])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_no_more_work_waits_than_was_asked_for() -> None:
    go_on, begun = threading.Event(), threading.Event()
    handed: list[int] = []

    def work(_number: int) -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    def hand_all(hand_over: Callable[[int], None]) -> None:
        for number in range(5):
            hand_over(number)
            handed.append(number)

    with behind(work, depth=2) as hand_over:
        hands = threading.Thread(target=hand_all, args=(hand_over,))
        hands.start()
        assert begun.wait(SECONDS)
        wait_until(lambda: len(handed) >= 2)
        hands.join(0.2)
        assert handed == [0, 1]
        go_on.set()
        hands.join(SECONDS)
    assert handed == list(range(5))


@pytest.mark.django_db(transaction=True)
def test_an_error_of_work_behind_is_raised() -> None:
    def work(number: int) -> None:
        if number == 1:
            raise ValueError(number)

    def hand_all() -> None:
        with behind(work, depth=2) as hand_over:
            for number in range(3):
                hand_over(number)

    with pytest.raises(ValueError, match="1"):
        hand_all()


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_work_is_done_at_once() -> None:
    threads: list[int] = []
    with transaction.atomic(), behind(lambda _item: threads.append(threading.get_ident()), depth=1) as hand_over:
        hand_over(1)
        assert threads == [threading.get_ident()]


def test_bulk_work_leaves_the_process_as_it_was() -> None:
    before = sys.getswitchinterval(), gc.get_threshold()
    with bulk_work():
        assert sys.getswitchinterval() < before[0]
        assert gc.get_threshold() > before[1]
    assert (sys.getswitchinterval(), gc.get_threshold()) == before

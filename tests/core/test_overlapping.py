"""What is made ahead and followed up behind comes in order, and its errors come where they belong."""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from queue import Queue

import pytest
from django.db import connection, transaction
from django.utils import translation

from core.db import copy_rows
from core.late import writing_beside
from core.outbox.models import OutboxEvent
from core.overlapping import RightOfWay, ahead, behind, bulk_work
from core.prepared import Prepared
from tests.waiting import wait_until

SECONDS = 60
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
COLUMNS = ("name", "payload", "occurred_at", "next_attempt_at", "is_dead")


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

    with behind(work, depth=1) as hand_over:
        for number in range(5):
            hand_over(number)
        wait_until(lambda: len(done) == 5)
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
def test_whoever_has_no_more_to_hand_over_lends_a_hand() -> None:
    here = threading.get_ident()
    helped = threading.Event()
    done: list[tuple[int, bool]] = []

    def work(number: int) -> None:
        is_here = threading.get_ident() == here
        if is_here:
            helped.set()
        else:
            assert helped.wait(SECONDS)
        done.append((number, is_here))

    with behind(work, depth=2) as hand_over:
        hand_over(1)
        hand_over(2)
    assert sorted(done) == [(1, False), (2, True)]


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_last_is_raised_whoever_works_on_it() -> None:
    def work(number: int) -> None:
        if number == 2:
            raise ValueError(number)

    def hand_all() -> None:
        with behind(work, depth=3) as hand_over:
            for number in range(3):
                hand_over(number)

    with pytest.raises(ValueError, match="2"):
        hand_all()


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


@pytest.fixture
def patient(monkeypatch) -> None:
    """Nobody loses patience with a slow machine."""
    monkeypatch.setattr("core.overlapping.LONGEST_WAIT_SECONDS", 100 * SECONDS)


class Walker(threading.Thread):
    """Goes its steps beside a main line, one for each time that `go()` is called; `taken` counts them."""

    def __init__(self, way: RightOfWay) -> None:
        super().__init__(daemon=True)
        self._way = way
        self._wanted: Queue[int | None] = Queue()
        self._asked = 0
        self.taken = 0

    def run(self) -> None:
        for _step in self._way.steps(iter(self._wanted.get, None)):
            self.taken += 1

    def go(self) -> None:
        self._asked += 1
        self._wanted.put(self._asked)

    def arrives(self) -> bool:
        wait_until(lambda: self.taken == self._asked)
        return True

    def stays(self) -> bool:
        time.sleep(0.05)
        return self.taken < self._asked

    def leave(self) -> None:
        self._wanted.put(None)
        self.join(SECONDS)


@pytest.fixture
def way(patient) -> RightOfWay:
    return RightOfWay()


@pytest.fixture
def walker(way) -> Iterator[Walker]:
    walker = Walker(way)
    walker.start()
    yield walker
    walker.leave()
    assert not walker.is_alive()


@pytest.mark.django_db
def test_the_main_line_goes_first_but_for_its_statements(way, walker) -> None:
    walker.go()
    assert walker.arrives()
    with way.main_line():
        walker.go()
        assert walker.stays()
        with connection.execute_wrapper(lambda execute, *statement: walker.arrives() and execute(*statement)):
            connection.cursor().execute("SELECT 1")
        walker.go()
        assert walker.stays()
    assert walker.arrives()


@pytest.mark.django_db
def test_copying_is_a_statement_too(way, walker) -> None:
    with way.main_line():
        walker.go()
        with connection.execute_wrapper(lambda execute, *statement: walker.arrives() and execute(*statement)):
            copy_rows(OutboxEvent, COLUMNS, [("test.copied", {}, AT, AT, False)])
        assert walker.taken == 1
        walker.go()
        assert walker.stays()


@pytest.mark.django_db
def test_a_statement_that_sends_another_before_itself_stays_one(way, walker) -> None:
    def send_another_first(execute, sql, *rest):
        if sql == "SELECT 1":
            connection.cursor().execute("SELECT 2")
            walker.go()
            walker.arrives()
        return execute(sql, *rest)

    with way.main_line(), connection.execute_wrapper(send_another_first):
        connection.cursor().execute("SELECT 1")


@pytest.mark.django_db
def test_others_go_on_while_the_main_line_waits_for_what_is_written_beside(way, walker) -> None:
    slow, known = Prepared("SELECT pg_sleep(%(seconds)s)", seconds="float8"), Prepared("SELECT %(n)s", n="int")
    known.fetch_all({"n": 1})
    taken: list[int] = []

    def note(execute, *statement):
        taken.append(walker.taken)
        return execute(*statement)

    with way.main_line(), writing_beside():
        slow.run({"seconds": 0.3})
        walker.go()
        assert walker.stays()
        with connection.execute_wrapper(note):
            known.fetch_all({"n": 1})
    assert taken == [1]


@pytest.mark.django_db
def test_an_error_on_the_main_line_lets_the_others_go(way, walker) -> None:
    def fail() -> None:
        with way.main_line():
            walker.go()
            raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        fail()
    assert walker.arrives()


@pytest.mark.django_db
def test_a_main_line_that_works_for_too_long_is_waited_for_once(monkeypatch) -> None:
    monkeypatch.setattr("core.overlapping.LONGEST_WAIT_SECONDS", 0.1)
    way = RightOfWay()
    with way.main_line():
        started = time.monotonic()
        assert len(list(way.steps(range(200)))) == 200
        assert 0.1 <= time.monotonic() - started < 10
        connection.cursor().execute("SELECT 1")
        started = time.monotonic()
        assert list(way.steps(range(1))) == [0]
        assert time.monotonic() - started >= 0.1, "after its statement it goes first again"


@pytest.mark.django_db(transaction=True)
def test_work_beside_gives_way_after_each_statement(way) -> None:
    said: list[int] = []

    def speak(number: int) -> None:
        with way.beside():
            connection.cursor().execute("SELECT 1")
            said.append(number)

    with behind(speak, depth=2) as hand_over:
        with way.main_line():
            hand_over(1)
            time.sleep(0.05)
            assert not said
        wait_until(lambda: said == [1])


@pytest.mark.django_db
def test_others_go_on_while_the_main_line_waits_aside(way, walker) -> None:
    with way.main_line():
        walker.go()
        assert walker.stays()
        with way.aside():
            assert walker.arrives()
        walker.go()
        assert walker.stays()

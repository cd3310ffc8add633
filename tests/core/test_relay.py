"""Two transactions at most, one after the other; what fails the first fails the second."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.utils import translation

from core.outbox.models import OutboxEvent
from core.relay import Leg, relay
from tests.waiting import LONGEST_SECONDS, wait_until

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def is_there(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
        return bool(cursor.fetchone()[0])


def lanes() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("lane")]


def test_the_next_begins_while_one_commits_and_ends_after_it() -> None:
    begun = [threading.Event() for _number in range(4)]
    order: list[str] = []

    def work(number: int, leg: Leg) -> int:
        order.append(f"begin {number}")
        begun[number].set()
        leg.catch_up()
        order.append(f"write {number}")
        leg.pass_on()
        if number < 3:
            assert begun[number + 1].wait(LONGEST_SECONDS)  # beside what is left of this one
        order.append(f"end {number}")
        return number

    with relay(range(4), work) as results:
        assert list(results) == [0, 1, 2, 3]
    assert [step for step in order if not step.startswith("begin")] == [
        f"{step} {number}" for number in range(4) for step in ("write", "end")
    ]
    places = {step: place for place, step in enumerate(order)}
    assert all(places[f"write {number}"] < places[f"begin {number + 1}"] < places[f"end {number}"] for number in (0, 2))
    assert not lanes()


def test_two_threads_take_turns_with_connections_of_their_own_in_the_language_of_the_caller() -> None:
    def work(_number: int, leg: Leg) -> tuple[int, str]:
        leg.catch_up()
        return session(), translation.get_language()

    with translation.override("zh-hans"), relay(range(5), work) as results:
        found = list(results)
    pids = [pid for pid, _language in found]
    assert len(set(pids)) == 2
    assert pids[::2] == pids[:1] * 3
    assert session() not in pids
    assert {language for _pid, language in found} == {"zh-hans"}
    wait_until(lambda: not any(map(is_there, pids)))


def write(name: str) -> None:
    OutboxEvent.objects.create(name=name, payload={}, occurred_at=AT, next_attempt_at=AT)


@pytest.fixture
def second_cant_be_committed() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON outbox_outboxevent DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.name = 'e.1') EXECUTE FUNCTION refuse()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse ON outbox_outboxevent; DROP FUNCTION refuse()")


def test_what_cant_be_committed_takes_the_next_along_and_is_the_last(second_cant_be_committed: None) -> None:
    third_waits = threading.Event()
    begun: list[int] = []

    def work(number: int, leg: Leg) -> int:
        begun.append(number)
        with transaction.atomic():
            if number == 2:
                third_waits.set()
            leg.catch_up()
            write(f"e.{number}")
            leg.pass_on()
            if number == 1:
                assert third_waits.wait(LONGEST_SECONDS)
        return number

    got: list[int] = []
    with pytest.raises(Exception, match="not this one"), relay(range(9), work) as results:
        got.extend(results)
    assert got == [0]
    assert begun == [0, 1, 2]
    assert list(OutboxEvent.objects.values_list("name", flat=True)) == ["e.0"]
    assert not lanes()


def test_what_fails_before_it_passes_on_lets_the_one_before_end() -> None:
    def work(number: int, leg: Leg) -> int:
        if number == 1:
            raise ValueError(number)
        with transaction.atomic():
            write(f"e.{number}")
            leg.pass_on()
        return number

    got: list[int] = []
    with pytest.raises(ValueError, match="1"), relay(range(9), work) as results:
        got.extend(results)
    assert got == [0]
    assert list(OutboxEvent.objects.values_list("name", flat=True)) == ["e.0"]


def test_whoever_stops_early_waits_for_what_has_begun() -> None:
    def work(number: int, leg: Leg) -> int:
        with transaction.atomic():
            leg.catch_up()
            write(f"e.{number}")
            leg.pass_on()
        return number

    with relay(range(100), work) as results:
        assert next(results) == 0
    assert list(OutboxEvent.objects.order_by("pk").values_list("name", flat=True)) == ["e.0", "e.1"]
    assert not lanes()


def test_inside_a_transaction_one_comes_after_the_other() -> None:
    here = threading.get_ident()

    def work(number: int, leg: Leg) -> tuple[int, bool]:
        leg.catch_up()
        leg.pass_on()
        return number, threading.get_ident() == here

    with transaction.atomic(), relay(range(3), work) as results:
        assert list(results) == [(0, True), (1, True), (2, True)]

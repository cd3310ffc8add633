"""Writes that nobody waits for: same order, same effect, fewer messages or less waiting."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from core.db import copy_rows, insert_rows
from core.late import writing_beside, writing_late
from core.outbox.models import OutboxEvent
from orders.models import Channel
from tests.core.threads import run_together
from tests.factories.orders_intake import make_channel

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
COLUMNS = ("name", "payload", "occurred_at", "next_attempt_at", "is_dead")

pytestmark = pytest.mark.django_db(transaction=True)


def write(*names: str) -> None:
    for name in names:
        insert_rows(OutboxEvent, COLUMNS, [(name, {"100%": "%s"}, AT, AT, False)])


def write_badly() -> None:
    insert_rows(OutboxEvent, COLUMNS, [(None, {}, AT, AT, False)])


def write_late(*steps: Callable[[], object], how: Callable[[], AbstractContextManager[None]] = writing_late) -> None:
    """Take the steps in a transaction, their writes late."""
    with transaction.atomic(), how():
        for step in steps:
            step()


def copy(*names: str | None) -> None:
    copy_rows(OutboxEvent, COLUMNS, [(name, {}, AT, AT, False) for name in names])


def in_savepoint(*steps: Callable[[], object]) -> None:
    with transaction.atomic():
        for step in steps:
            step()


def written() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("name", flat=True))


def messages(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]


def test_writes_go_with_the_next_statement_and_in_their_order() -> None:
    with CaptureQueriesContext(connection) as captured, transaction.atomic(), writing_late():
        write("first", "second")
        assert len(messages(captured)) == 0
        assert written() == ["first", "second"]
        write("third")
    assert written() == ["first", "second", "third"]
    first, last = messages(captured)
    assert (first.count("first"), first.count("second"), first.count("SELECT")) == (1, 1, 1)
    assert "third" in last
    assert OutboxEvent.objects.filter(payload={"100%": "%s"}).count() == 3


def test_what_is_read_is_the_result_of_the_statement_itself() -> None:
    make_channel("shop")
    with transaction.atomic(), writing_late():
        write("first")
        ((pk,),) = insert_rows(OutboxEvent, COLUMNS, [("second", {}, AT, AT, False)], returning=("id",))
        write("third")
        assert Channel.objects.filter(code="shop").update(name="Other") == 1
    assert OutboxEvent.objects.get(pk=pk).name == "second"
    assert written() == ["first", "second", "third"]


@pytest.mark.parametrize("how", [writing_late, writing_beside])
def test_copy_comes_after_what_was_written_before_it(how: Any) -> None:
    write_late(partial(write, "first"), partial(copy, "copied"), partial(write, "second"), how=how)
    assert written() == ["first", "copied", "second"]


@pytest.mark.parametrize("how", [writing_late, writing_beside])
def test_an_error_leaves_nothing_behind(how: Any) -> None:
    with pytest.raises(IntegrityError, match="null value"):
        write_late(partial(write, "first"), write_badly, partial(write, "second"), how=how)
    with pytest.raises(IntegrityError, match="null value"):
        write_late(partial(write, "first"), partial(copy, None), partial(copy, "second"), how=how)
    with pytest.raises(KeyError):
        write_late(partial(write, "third"), partial(dict[str, int]().__getitem__, "missing"), how=how)
    write("after")
    assert written() == ["after"]


def test_the_first_of_several_errors_is_told_by_a_statement_that_this_connection_doesn_t_know_yet() -> None:
    wrapper: Any = connection
    wrapper.prepared.clear()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    new = partial(insert_rows, OutboxEvent, COLUMNS, [("second", {}, AT, AT, False)], returning=("id",))
    with pytest.raises(IntegrityError, match="null value"):
        write_late(
            partial(copy, None), partial(copy, "more"), new, partial(pytest.fail, "too late"), how=writing_beside
        )
    assert written() == []


def test_what_is_written_beside_waits_for_nothing_and_is_waited_for() -> None:
    write("old")
    taken, free = threading.Event(), threading.Event()

    def keep_others_out() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE outbox_outboxevent IN EXCLUSIVE MODE")
            taken.set()
            assert free.wait(30)

    def go_on() -> None:
        assert taken.wait(30)
        with transaction.atomic(), writing_beside():
            copy("copied")
            write("written")
            free.set()  # reached while both wait for the table
            assert written() == ["old", "copied", "written"]

    assert run_together(keep_others_out, go_on) == [None, None]
    assert written() == ["old", "copied", "written"]


def test_a_savepoint_takes_back_what_was_written_beside_in_it() -> None:
    def fail_in_savepoint() -> None:
        with suppress(KeyError):
            in_savepoint(partial(copy, "in the savepoint"), partial(dict[str, int]().__getitem__, "missing"))

    with transaction.atomic(), writing_beside():
        write("first")
        fail_in_savepoint()
        with writing_late():
            write("second")
        in_savepoint(partial(write, "in another"))
    assert written() == ["first", "second", "in another"]


def test_a_savepoint_takes_back_only_its_own() -> None:
    with transaction.atomic(), writing_late():
        write("first")
        with pytest.raises(IntegrityError):
            in_savepoint(partial(write, "in the savepoint"), write_badly, partial(pytest.fail, "too late"))
        write("second")
        in_savepoint(partial(write, "in another"))
    assert written() == ["first", "second", "in another"]


def test_within_itself_it_changes_nothing() -> None:
    with transaction.atomic(), writing_late():
        with writing_late():
            write("inner")
        write("outer")
    assert written() == ["inner", "outer"]
    connection_now: Any = connection
    assert connection_now.late is None


@pytest.mark.parametrize("how", [writing_late, writing_beside])
def test_it_needs_a_transaction(how: Any) -> None:
    with pytest.raises(TransactionManagementError, match="open transaction"), how():
        pass


@pytest.mark.parametrize("how", [writing_late, writing_beside])
def test_an_error_that_somebody_swallows_takes_all_back(how: Any) -> None:
    def swallow() -> None:
        with suppress(IntegrityError):
            in_savepoint(partial(write, "in the savepoint"))

    with pytest.raises(TransactionManagementError):
        write_late(partial(write, "first"), write_badly, swallow, partial(write, "second"), how=how)
    assert written() == []
    write("after")
    assert written() == ["after"]


def test_many_statements_and_cursors_of_the_server_come_after_what_is_late() -> None:
    def update_many() -> None:
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE outbox_outboxevent SET is_dead = %s", [(False,), (True,)])

    seen: list[str] = []
    write_late(
        partial(write, "first"),
        update_many,
        partial(write, "second"),
        lambda: seen.extend(OutboxEvent.objects.order_by("id").values_list("name", flat=True).iterator()),
    )
    assert seen == written() == ["first", "second"]
    assert list(OutboxEvent.objects.order_by("id").values_list("is_dead", flat=True)) == [True, False]

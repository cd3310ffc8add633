"""Writes that go with the statement that follows them: same order, same effect, fewer messages."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from core.db import copy_rows, insert_rows
from core.late import writing_late
from core.outbox.models import OutboxEvent
from orders.models import Channel
from tests.factories.orders_intake import make_channel

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
COLUMNS = ("name", "payload", "occurred_at", "next_attempt_at", "is_dead")

pytestmark = pytest.mark.django_db(transaction=True)


def write(*names: str) -> None:
    for name in names:
        insert_rows(OutboxEvent, COLUMNS, [(name, {"100%": "%s"}, AT, AT, False)])


def write_badly() -> None:
    insert_rows(OutboxEvent, COLUMNS, [(None, {}, AT, AT, False)])


def write_late(*steps: Callable[[], object]) -> None:
    """Take the steps in a transaction, their writes late."""
    with transaction.atomic(), writing_late():
        for step in steps:
            step()


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


def test_copy_comes_after_what_was_written_before_it() -> None:
    with transaction.atomic(), writing_late():
        write("first")
        copy_rows(OutboxEvent, COLUMNS, [("copied", {}, AT, AT, False)])
    assert written() == ["first", "copied"]


def test_an_error_leaves_nothing_behind() -> None:
    with pytest.raises(IntegrityError, match="null value"):
        write_late(partial(write, "first"), write_badly, partial(write, "second"))
    with pytest.raises(KeyError):
        write_late(partial(write, "third"), partial(dict[str, int]().__getitem__, "missing"))
    write("after")
    assert written() == ["after"]


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


def test_it_needs_a_transaction() -> None:
    with pytest.raises(TransactionManagementError, match="open transaction"), writing_late():
        pass


def test_an_error_that_somebody_swallows_takes_all_back() -> None:
    def swallow() -> None:
        with suppress(IntegrityError):
            in_savepoint(partial(write, "in the savepoint"))

    with pytest.raises(TransactionManagementError):
        write_late(partial(write, "first"), write_badly, swallow, partial(write, "second"))
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

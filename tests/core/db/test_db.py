from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, connection, models, transaction
from django.db.transaction import TransactionManagementError

from core.db import claim, copy_rows, insert_rows, next_ids, update_rows
from core.outbox.models import OutboxEvent
from tests.core.threads import raise_errors, run_together

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NASTY = ["plain", '"quoted"', "back\\slash", "tab\tnew\nline\r", "{curly,comma}", "NULL", "", "emoji 📦 汉字", "'"]


class Everything(models.Model):
    """One column of every kind; the table is made by the tests."""

    text = models.TextField()
    short = models.CharField(max_length=5, null=True)
    amount = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    flag = models.BooleanField(default=False)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    blob = models.BinaryField(null=True)
    numbers = ArrayField(models.BigIntegerField(), null=True)
    words = ArrayField(models.CharField(max_length=20), null=True)
    span = models.DurationField(null=True)

    class Meta:
        app_label = "test_db"
        managed = False
        db_table = "test_everything"


COLUMNS = ["text", "short", "amount", "at", "day", "flag", "data", "blob", "numbers", "words", "span"]
DATA = {"amount": Decimal("1.10"), "at": AT, "text": 'a "b" \\ c', "list": [1, None, {"k": "ü"}]}


def row(text: str) -> list[object]:
    return [
        text,
        "abc",
        Decimal("12.3456"),
        AT,
        AT.date(),
        True,
        DATA,
        b"\x00\\\xff",
        [1, 2],
        ["a,b", '"'],
        timedelta(1, 2, 3),
    ]


EMPTY: list[object] = ["x", None, None, None, None, False, {}, None, None, None, None]


@pytest.fixture
def table(db: None) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Everything)


@pytest.mark.parametrize("write", [insert_rows, copy_rows])
def test_every_kind_of_value_comes_back_as_it_went_in(table, write):
    write(Everything, COLUMNS, [row(text) for text in NASTY] + [EMPTY])

    found = list(Everything._default_manager.order_by("id"))
    assert [item.text for item in found] == [*NASTY, "x"]
    first, last = found[0], found[-1]
    assert (first.short, first.amount, first.at, first.day, first.flag) == (
        "abc",
        Decimal("12.3456"),
        AT,
        AT.date(),
        True,
    )
    assert first.data == {
        "amount": "1.10",
        "at": "2026-03-02T08:00:00Z",
        "text": 'a "b" \\ c',
        "list": [1, None, {"k": "ü"}],
    }
    assert bytes(first.blob or b"") == b"\x00\\\xff"
    assert (first.numbers, first.words, first.span) == ([1, 2], ["a,b", '"'], timedelta(1, 2, 3))
    assert [last.short, last.amount, last.at, last.day, last.blob, last.numbers, last.words, last.span] == [None] * 8


def test_insert_is_one_statement_and_returns_what_was_asked(table, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = insert_rows(
            Everything, ["text", "flag", "data"], [("a", True, {}), ("b", False, {})], returning=["id", "text"]
        )
    assert dict(Everything._default_manager.values_list("id", "text")) == dict(found)


def test_insert_of_nothing_asks_nothing(table, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert insert_rows(Everything, ["text"], []) == []


@pytest.mark.parametrize("write", [insert_rows, copy_rows])
def test_too_long_text_is_refused_not_cut(table, write):
    with pytest.raises(DataError), transaction.atomic():
        write(Everything, ["text", "short", "flag", "data"], [("a", "too long", True, {})])
    assert not Everything._default_manager.exists()


def test_unknown_column_is_named(table):
    with pytest.raises(FieldDoesNotExist, match="colour"):
        insert_rows(Everything, ["colour"], [("red",)])


def test_update_changes_only_the_named_rows_with_one_statement(table, django_assert_num_queries):
    insert_rows(Everything, COLUMNS, [row(text) for text in "abc"])
    ids = dict(Everything._default_manager.values_list("text", "id"))
    with django_assert_num_queries(1):
        count = update_rows(
            Everything,
            "id",
            ["amount", "numbers", "short"],
            [(ids["a"], Decimal(5), [7], None), (ids["b"], None, None, "z")],
        )
    assert count == 2
    assert list(Everything._default_manager.order_by("text").values_list("amount", "numbers", "short")) == [
        (Decimal(5), [7], None),
        (None, None, "z"),
        (Decimal("12.3456"), [1, 2], "abc"),
    ]


def test_next_ids_are_unused_and_can_be_inserted(table):
    ids = next_ids(Everything, 3)
    insert_rows(Everything, ["id", *COLUMNS], [[pk, *row("a")] for pk in ids])
    insert_rows(Everything, COLUMNS, [row("b")])
    assert len(set(Everything._default_manager.values_list("id", flat=True))) == 4


def test_claim_needs_a_transaction(transactional_db):
    with pytest.raises(TransactionManagementError):
        claim(OutboxEvent.objects.all(), 1)


def test_two_claimers_share_the_rows_without_waiting(transactional_db):
    for number in range(10):
        OutboxEvent.objects.create(name=f"e{number}", payload={}, occurred_at=AT)
    from threading import Barrier

    both_have_claimed = Barrier(2)

    def take() -> set[int]:
        with transaction.atomic():
            found = {event.pk for event in claim(OutboxEvent.objects.order_by("pk"), 5)}
            both_have_claimed.wait(timeout=10)
        return found

    first, second = raise_errors(run_together(take, take))
    assert len(first) == len(second) == 5
    assert not first & second

"""Counts of a list's tabs: together in one statement, within a time budget, each for itself when that is too long."""

import pytest
from django.db import connection
from django.db.models import F, Func
from django.test.utils import CaptureQueriesContext

from core.accounts.models import User
from core.ui.counting import quick_counts, time_budget


@pytest.fixture
def people(db):
    User.objects.bulk_create(User(username=f"{name}%", email=name) for name in "abc")
    return User.objects.filter(username__endswith="%")


def test_all_counts_are_one_statement(people):
    wanted = [people, people.filter(email="a"), people.none(), people.filter(pk__in=[]), people.filter(email="x%y")]
    with CaptureQueriesContext(connection) as seen:
        assert quick_counts(wanted) == [3, 1, 0, 0, 0]
    assert sum("count(*)" in query["sql"] for query in seen) == 1
    assert quick_counts([people], cap=1) == [2]
    assert quick_counts([]) == []


def test_one_that_takes_too_long_is_unknown_and_the_others_are_not(people):
    slow = people.annotate(slept=Func(F("pk") * 0 + 5, function="pg_sleep")).filter(slept__isnull=False)
    assert quick_counts([people, slow, people.filter(email="b")]) == [3, None, 1]


@pytest.mark.django_db(transaction=True)
def test_the_budget_ends_with_its_block():
    with time_budget(1234):
        assert _timeout() == "1234ms"
    assert _timeout() == "0"


def test_the_budget_of_a_block_within_a_transaction_ends_too(db):
    with time_budget(1234):
        assert _timeout() == "1234ms"
    assert _timeout() == "0"


def _timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        return cursor.fetchone()[0]

"""Counts that never read a whole large table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

CAP = 1000
BUDGET_MS = 250


def capped_count(queryset: QuerySet[Any], cap: int = CAP) -> int:
    """How many rows match, at most cap + 1: a result above `cap` reads as "more than cap"."""
    return queryset.order_by().values("pk")[: cap + 1].count()


def count_label(count: int | None, cap: int = CAP) -> str:
    """ "37", "1,000+", or "" for an unknown count."""
    if count is None:
        return ""
    return f"{cap:,}+" if count > cap else f"{count:,}"


@contextmanager
def time_budget(milliseconds: int = BUDGET_MS) -> Iterator[None]:
    """Let the statements inside run for this long at most; afterwards they raise OperationalError."""
    nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        before = ""
        if nested:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield
        if nested:  # otherwise it ends with the transaction
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def quick_counts(querysets: Sequence[QuerySet[Any]], cap: int = CAP) -> list[int | None]:
    """capped_count() of each within the time budget, all in one statement; None for those that would take longer."""
    try:
        with time_budget():
            return [*_count_together(querysets, cap)]
    except OperationalError:
        return [quick_count(queryset, cap) for queryset in querysets]


def quick_count(queryset: QuerySet[Any], cap: int = CAP) -> int | None:
    """capped_count() within the time budget; None when it would take longer."""
    try:
        with time_budget():
            return capped_count(queryset, cap)
    except OperationalError:
        return None


def _count_together(querysets: Sequence[QuerySet[Any]], cap: int) -> Sequence[int]:
    counts: list[str] = []
    values: list[Any] = []
    for queryset in querysets:
        try:
            sql, parameters = queryset.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:  # of filters that can't match anything
            counts.append("0")
            continue
        counts.append(f"(SELECT count(*) FROM ({sql}) counted)")  # noqa: S608 - Django's own SQL
        values += parameters
    if not counts:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", values)
        row: tuple[int, ...] = cursor.fetchone()
        return row

"""Counts that never read a whole large table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def quick_count(queryset: QuerySet[Any], cap: int = CAP) -> int | None:
    """capped_count() within the time budget; None when it would take longer."""
    try:
        with time_budget():
            return capped_count(queryset, cap)
    except OperationalError:
        return None

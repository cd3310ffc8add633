"""Generates orders chunk by chunk, and the books agree after every one.

Each chunk is one transaction; where most orders will be generated ones, all chunks together are.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.utils import timezone

from core.cases.services import CaseSeed, open_cases
from ecom_admin.generated.catalogue import Catalogue, prepare_catalogue
from ecom_admin.generated.indexes import without_indexes
from ecom_admin.generated.statements import CHUNK, LARGE_TABLES, NUMBERED_TABLES, TABLES_TO_ANALYSE
from orders.codes import ORDER_SUBJECT, OUT_OF_STOCK, VALIDATION_FAILED
from orders.enums import FulfilmentStatus, HoldReason
from orders.models import Order

CHUNK_SIZE = 100_000
CASES_AT_ONCE = 1000
WORTH_BUILDING = 20_000
_SORTING = "SET LOCAL work_mem = '256MB'"


def generate_orders(
    count: int, *, moving_share: float = 0.015, now: datetime | None = None, progress: Callable[[int], object] = bool
) -> None:
    """Add `count` orders of the last year, the oldest first, to whatever exists.

    The newest 1.5 % stand in every state before hand-over, `moving_share` of all before them are with the
    carrier, the rest has arrived or was cancelled. `progress` is called with the number made so far.
    """
    if count < 1 or not 0 <= moving_share <= 1:
        raise ValueError("count must be positive and moving_share between 0 and 1")
    now = now or timezone.now()
    catalogue = prepare_catalogue()
    first_id = (Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    with _loading(count):
        for first in range(1, count + 1, CHUNK_SIZE):
            last = min(first + CHUNK_SIZE - 1, count)
            _write_chunk(first, last, count, moving_share, now, catalogue)
            progress(last)
    _open_cases(first_id, now)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES_TO_ANALYSE)}")


def _loading(count: int) -> AbstractContextManager[None]:
    """Without indexes where building them all again is less than adding to them: most orders are new."""
    if count < WORTH_BUILDING or Order.objects.all()[: count // 2 + 1].count() > count // 2:
        return nullcontext()
    return without_indexes(LARGE_TABLES)


def _write_chunk(first: int, last: int, total: int, moving_share: float, now: datetime, catalogue: Catalogue) -> None:
    values = {
        "first": first, "last": last, "total": total, "moving": moving_share, "now": now,
        **catalogue._asdict(), **_sequences(),
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        _trust_own_rows(cursor)
        cursor.execute(_SORTING)
        for statement in CHUNK:
            cursor.execute(statement, values)


def _sequences() -> dict[str, str]:
    """The sequences of ids by table: as parameters, so that a statement doesn't look for them in every row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT t, pg_get_serial_sequence(t, 'id') FROM unnest(%s) AS t", [list(NUMBERED_TABLES)])
        return dict(cursor.fetchall())


def _trust_own_rows(cursor: object) -> None:
    """Leave out the foreign keys' row-by-row checks where the role may: the rows name each other by construction."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")  # type: ignore[attr-defined]
    if cursor.fetchone()[0]:  # type: ignore[attr-defined]
        cursor.execute("SET LOCAL session_replication_role = replica")  # type: ignore[attr-defined]


def _open_cases(first_id: int, now: datetime) -> None:
    """Cases of the orders that wait for a person or for stock, as the stages open them."""
    batch: list[CaseSeed] = []
    for seed in [*_held(first_id), *_short(first_id, now)]:
        batch.append(seed)
        if len(batch) == CASES_AT_ONCE:
            open_cases(batch)
            batch = []
    if batch:
        open_cases(batch)


def _held(first_id: int) -> Iterator[CaseSeed]:
    held = Order.objects.filter(pk__gte=first_id, open_hold_count__gt=0, holds__reason=HoldReason.ADDRESS)
    for pk, number, channel_id, received_at in held.values_list("pk", "number", "channel_id", "received_at"):
        yield CaseSeed(
            type=VALIDATION_FAILED,
            subject_type=ORDER_SUBJECT,
            subject_id=pk,
            subject_label=number,
            summary_code=HoldReason.ADDRESS.value,
            summary_params={"count": 1},
            cause_at=received_at,
            channel_id=channel_id,
        )


def _short(first_id: int, now: datetime) -> Iterator[CaseSeed]:
    short = Order.objects.filter(pk__gte=first_id, fulfilments__status=FulfilmentStatus.BACKORDERED)
    missing = short.annotate(sku_ids=ArrayAgg("fulfilments__lines__sku_id", distinct=True))
    for pk, number, channel_id, lines, units, sku_ids in missing.values_list(
        "pk", "number", "channel_id", "line_count", "unit_count", "sku_ids"
    ):
        yield CaseSeed(
            type=OUT_OF_STOCK,
            subject_type=ORDER_SUBJECT,
            subject_id=pk,
            subject_label=number,
            cause_at=now,
            channel_id=channel_id,
            summary_code="short",
            summary_params={"lines": lines, "units": units},
            data={"sku_ids": sku_ids},
        )

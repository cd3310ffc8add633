"""The one place that writes stock levels and the ledger: a change of one is always a row in the other."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from core.actor import Actor
from core.db import insert_rows
from inventory.enums import StockBucket
from inventory.models import StockMovement
from inventory.rules.stock import Change, Pair

_BUCKETS = tuple(bucket.value for bucket in StockBucket)
_MOVEMENT_COLUMNS = (
    "warehouse_id",
    "sku_id",
    "bucket",
    "kind",
    "quantity",
    "occurred_at",
    "actor_id",
    "document",
    "document_id",
    "reason",
)


def write_changes(changes: Sequence[Change], *, actor: Actor, at: datetime, guard: str = "") -> set[Pair]:
    """Add changes to levels and ledger with two statements; the levels must exist and be locked.

    `guard` is trusted SQL over `l` (the level) and `d` (its summed changes, one column per bucket): a level
    for which it is false is left alone. Returns the pairs that were updated; a caller with a guard compares
    them with what it asked for, and raises, so that the transaction leaves nothing behind.
    """
    effective = [change for change in changes if change.quantity]
    if not effective:
        return set()
    updated = _update_levels(effective, at, guard)
    insert_rows(
        StockMovement,
        _MOVEMENT_COLUMNS,
        [
            (*_place(c), c.kind.value, c.quantity, at, actor.user_id, c.document, c.document_id, c.reason)
            for c in effective
        ],
    )
    return updated


def _place(change: Change) -> tuple[int, int, str]:
    return change.warehouse_id, change.sku_id, change.bucket.value


def _update_levels(changes: Sequence[Change], at: datetime, guard: str) -> set[Pair]:
    sums: dict[Pair, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for change in changes:
        sums[change.warehouse_id, change.sku_id][change.bucket.value] += change.quantity
    touched = [bucket for bucket in _BUCKETS if any(bucket in deltas for deltas in sums.values())]
    assignments = ", ".join(f"{bucket} = l.{bucket} + d.{bucket}" for bucket in touched)
    sql = f"""UPDATE inventory_stocklevel AS l SET {assignments}, updated_at = %s
        FROM unnest(%s::bigint[], %s::bigint[]{", %s::int[]" * len(touched)})
             AS d(warehouse_id, sku_id, {", ".join(touched)})
        WHERE l.warehouse_id = d.warehouse_id AND l.sku_id = d.sku_id {f"AND {guard}" if guard else ""}
        RETURNING l.warehouse_id, l.sku_id"""  # noqa: S608 (names of our own enum and callers)
    params: list[Any] = [at, [pair[0] for pair in sums], [pair[1] for pair in sums]]
    params += [[deltas[bucket] for deltas in sums.values()] for bucket in touched]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return set(cursor.fetchall())

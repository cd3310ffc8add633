"""Row locks on stock levels: always in order of id, so that two transactions never wait for each other.

The catalogue has one lock of its own, which is taken before them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from core.db import insert_rows
from inventory.models import StockLevel
from inventory.rules.stock import Pair


class LockedLevel(NamedTuple):
    """A stock level as it stands while this transaction holds its lock."""

    id: int
    warehouse_id: int
    sku_id: int
    on_hand: int
    reserved: int
    safety: int
    incoming: int
    available: int


def lock_catalogue() -> None:
    """One writer of products, SKUs, barcodes and aliases at a time: two who make the same new one would collide."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inventory.catalogue'))")


_SELECT = """SELECT l.id, l.warehouse_id, l.sku_id, l.on_hand, l.reserved, l.safety, l.incoming, l.available
            FROM inventory_stocklevel l"""

_NEW_LEVEL_COLUMNS = (
    "warehouse_id",
    "sku_id",
    "on_hand",
    "reserved",
    "safety",
    "incoming",
    "in_transit",
    "quarantined",
    "damaged",
    "updated_at",
)


def lock_levels(pairs: Iterable[Pair]) -> dict[Pair, LockedLevel]:
    """Lock the levels of (warehouse_id, sku_id) pairs; pairs without a level are absent from the answer."""
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    return _lock(
        f"""{_SELECT}
            JOIN unnest(%s::bigint[], %s::bigint[]) AS p(warehouse_id, sku_id)
              ON l.warehouse_id = p.warehouse_id AND l.sku_id = p.sku_id
            ORDER BY l.id FOR NO KEY UPDATE OF l""",
        [[pair[0] for pair in wanted], [pair[1] for pair in wanted]],
    )


def lock_or_create_levels(pairs: Iterable[Pair], *, at: datetime) -> dict[Pair, LockedLevel]:
    """Like lock_levels(), with missing levels created first; two creators meet on the constraint."""
    wanted = sorted(set(pairs))
    insert_rows(
        StockLevel,
        _NEW_LEVEL_COLUMNS,
        [(warehouse_id, sku_id, 0, 0, 0, 0, 0, 0, 0, at) for warehouse_id, sku_id in wanted],
        on_conflict="ON CONFLICT (warehouse_id, sku_id) DO NOTHING",
    )
    return lock_levels(wanted)


def lock_levels_of_reservations(document: str, line_ids: Sequence[int]) -> dict[Pair, LockedLevel]:
    """Lock the levels from which the lines hold active reservations."""
    return _lock(
        f"""{_SELECT}
            WHERE (l.warehouse_id, l.sku_id) IN (
                SELECT r.warehouse_id, r.sku_id FROM inventory_reservation r
                WHERE r.document = %s AND r.document_id = ANY(%s) AND r.state = 'active')
            ORDER BY l.id FOR NO KEY UPDATE OF l""",  # noqa: S608 (a constant of this module)
        [document, list(line_ids)],
    )


def _lock(sql: str, params: Sequence[Any]) -> dict[Pair, LockedLevel]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Stock is locked inside a transaction only.")
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        levels = [LockedLevel(*row) for row in cursor.fetchall()]
    return {(level.warehouse_id, level.sku_id): level for level in levels}

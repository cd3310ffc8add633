"""Proof that the books agree with themselves."""

from typing import NamedTuple

from django.db import connection

from inventory.enums import StockBucket


class Difference(NamedTuple):
    """One figure that doesn't agree: what the level says, and what its source adds up to.

    `source` is "ledger" or "reservations".
    """

    warehouse: str
    sku: str
    bucket: str
    level: int
    source: str
    expected: int


_BUCKETS = tuple(bucket.value for bucket in StockBucket)
_SUMS = ", ".join(f"sum(quantity) FILTER (WHERE bucket = '{bucket}') AS {bucket}" for bucket in _BUCKETS)
_DIFFERENCES = f"""
WITH ledger AS (
    SELECT warehouse_id, sku_id, {_SUMS} FROM inventory_stockmovement GROUP BY warehouse_id, sku_id
), claimed AS (
    SELECT warehouse_id, sku_id, sum(quantity) AS quantity
      FROM inventory_reservation WHERE state = 'active' GROUP BY warehouse_id, sku_id
), side_by_side AS (
    SELECT warehouse_id, sku_id, u.bucket, u.source, coalesce(u.level, 0) AS level,
           coalesce(u.expected, 0) AS expected
      FROM inventory_stocklevel level
      FULL JOIN ledger USING (warehouse_id, sku_id)
      FULL JOIN claimed USING (warehouse_id, sku_id)
     CROSS JOIN LATERAL (VALUES
         {", ".join(f"('{bucket}', 'ledger', level.{bucket}, ledger.{bucket})" for bucket in _BUCKETS)},
         ('reserved', 'reservations', level.reserved, claimed.quantity)
     ) AS u(bucket, source, level, expected)
)
SELECT w.code, s.code, d.bucket, d.level, d.source, d.expected
  FROM side_by_side d
  JOIN inventory_warehouse w ON w.id = d.warehouse_id
  JOIN inventory_sku s ON s.id = d.sku_id
 WHERE d.level <> d.expected
 ORDER BY w.code, s.code, d.bucket, d.source
 LIMIT %s
"""  # noqa: S608 (built from our own enum)


def stock_differences(limit: int = 10_000) -> list[Difference]:
    """Where levels, ledger and reservations disagree, in one pass over the ledger; empty when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, [limit])
        return [Difference(*row) for row in cursor.fetchall()]

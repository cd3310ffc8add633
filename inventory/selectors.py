"""Reads of catalogue and stock."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from inventory.enums import SkuStatus, StockBucket
from inventory.models import Sku, Warehouse
from inventory.rules.gtin import gtin_or_none
from inventory.rules.stock import SkuRef


def warehouse_choices() -> list[tuple[int, str]]:
    """(id, name) of every warehouse, for the forms that limit people to some of them."""
    return [(pk, name) for pk, name in Warehouse.objects.values_list("pk", "name")]


_RESOLVE = """
WITH wanted AS (
    SELECT w.code, upper(w.code) AS folded, w.gtin
      FROM unnest(%(codes)s::text[], %(gtins)s::text[]) AS w(code, gtin)
), found AS (
    SELECT w.code, a.sku_id, CASE WHEN a.source = '' THEN 2 ELSE 1 END AS rank
      FROM wanted w JOIN inventory_skualias a
        ON a.source IN (%(source)s, '') AND upper(a.external_sku) = w.folded
    UNION ALL
    SELECT w.code, s.id, 3 FROM wanted w JOIN inventory_sku s ON upper(s.code) = w.folded
    UNION ALL
    SELECT w.code, b.sku_id, 4 FROM wanted w JOIN inventory_skubarcode b ON b.gtin = w.gtin
)
SELECT DISTINCT ON (f.code)
       f.code, s.id, s.code, s.name, s.status, s.is_stocked, s.weight_g, s.unit_price, s.currency
  FROM found f JOIN inventory_sku s ON s.id = f.sku_id
 ORDER BY f.code, f.rank
"""


def resolve_skus(source: str, codes: Iterable[str]) -> dict[str, SkuRef]:
    """Find SKUs for codes as a channel writes them, with one statement; unknown codes are absent.

    Tried in this order: the channel's own alias, an alias for every channel, the SKU code (any case), the
    barcode (any GTIN length).
    """
    wanted = sorted({code for code in codes if code and "\x00" not in code})
    if not wanted:
        return {}
    params = {"codes": wanted, "gtins": [gtin_or_none(code) for code in wanted], "source": source}
    with connection.cursor() as cursor:
        cursor.execute(_RESOLVE, params)
        rows = cursor.fetchall()
    return {
        row[0]: SkuRef(row[1], row[2], row[3], row[4] == SkuStatus.ACTIVE, row[5], row[6], row[7], row[8])
        for row in rows
    }


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


def skus_by_id(sku_ids: Iterable[int]) -> dict[int, SkuRef]:
    """The SKUs with these ids, with one statement."""
    rows = Sku.objects.filter(pk__in=set(sku_ids)).values_list(
        "id", "code", "name", "status", "is_stocked", "weight_g", "unit_price", "currency"
    )
    return {row[0]: SkuRef(row[0], row[1], row[2], row[3] == SkuStatus.ACTIVE, *row[4:]) for row in rows}

"""From the code that somebody writes to the SKU that is meant."""

from collections.abc import Iterable
from typing import Any

from core.prepared import Prepared
from inventory.enums import SkuStatus
from inventory.rules.gtin import gtin_or_none
from inventory.rules.stock import SkuRef

_RESOLVE = Prepared("""
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
""")

_BY_ID = Prepared("""
SELECT s.id, s.code, s.name, s.status, s.is_stocked, s.weight_g, s.unit_price, s.currency
  FROM inventory_sku s WHERE s.id = ANY(%(ids)s)
""", ids="bigint[]")  # fmt: skip

_CODES = Prepared(
    """
SELECT s.id, upper(s.code) FROM inventory_sku s WHERE s.id = ANY(%(ids)s)
 UNION
SELECT a.sku_id, upper(a.external_sku) FROM inventory_skualias a
 WHERE a.sku_id = ANY(%(ids)s) AND a.source IN (%(source)s, '')
 UNION
SELECT b.sku_id, b.gtin FROM inventory_skubarcode b WHERE b.sku_id = ANY(%(ids)s)
 ORDER BY 1, 2
""",
    ids="bigint[]",
    source="text",
)


def resolve_skus(source: str, codes: Iterable[str]) -> dict[str, SkuRef]:
    """Find SKUs for codes as a channel writes them, with one statement; unknown codes are absent.

    Tried in this order: the channel's own alias, an alias for every channel, the SKU code (any case), the
    barcode (any GTIN length).
    """
    wanted = sorted({code for code in codes if code and "\x00" not in code})
    if not wanted:
        return {}
    params: dict[str, Any] = {"codes": wanted, "gtins": [gtin_or_none(code) for code in wanted], "source": source}
    rows = _RESOLVE.fetch_all(params)
    return {
        row[0]: SkuRef(row[1], row[2], row[3], row[4] == SkuStatus.ACTIVE, row[5], row[6], row[7], row[8])
        for row in rows
    }


def skus_by_id(sku_ids: Iterable[int]) -> dict[int, SkuRef]:
    """The SKUs with these ids, with one statement."""
    rows = _BY_ID.fetch_all({"ids": list(set(sku_ids))})
    return {row[0]: SkuRef(row[0], row[1], row[2], row[3] == SkuStatus.ACTIVE, *row[4:]) for row in rows}


def codes_of_skus(source: str, sku_ids: Iterable[int]) -> dict[int, list[str]]:
    """{SKU id: every code that resolve_skus() takes for it}: codes in capitals, barcodes with 14 digits."""
    found: dict[int, list[str]] = {}
    for sku_id, code in _CODES.fetch_all({"ids": sorted(set(sku_ids)), "source": source}):
        found.setdefault(sku_id, []).append(code)
    return found

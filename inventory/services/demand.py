"""Unmet demand: what document lines wait for, written by those who own the documents."""

from collections.abc import Sequence

from core.db import insert_rows
from inventory.models import StockDemand
from inventory.rules.stock import Demand


def set_demand(demands: Sequence[Demand]) -> None:
    """Note what lines wait for; a line that waits already gets the new quantity and keeps its place."""
    insert_rows(
        StockDemand,
        ("sku_id", "quantity", "document", "document_id", "since"),
        demands,
        on_conflict="ON CONFLICT (document, document_id) DO UPDATE "
        "SET sku_id = EXCLUDED.sku_id, quantity = EXCLUDED.quantity",
    )


def clear_demand(document: str, line_ids: Sequence[int]) -> int:
    """Forget the lines' demand, because they were served or cancelled; returns how many had some."""
    return StockDemand.objects.filter(document=document, document_id__in=line_ids).delete()[0]

"""The values that stock services take and give."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from inventory.enums import MovementKind, StockBucket

Pair = tuple[int, int]  # (warehouse_id, sku_id)


class Claim(NamedTuple):
    """A wish of one document line for `quantity` units of a SKU from one warehouse."""

    warehouse_id: int
    sku_id: int
    quantity: int
    document: str
    line_id: int


class StockReceipt(NamedTuple):
    """Units that came in, in the bucket they go to."""

    warehouse_id: int
    sku_id: int
    quantity: int
    document: str = ""
    document_id: int | None = None
    reason: str = ""
    bucket: StockBucket = StockBucket.ON_HAND


class StockAdjustment(NamedTuple):
    """A correction by `delta` units (negative takes away) with the reason for it."""

    warehouse_id: int
    sku_id: int
    delta: int
    reason: str
    bucket: StockBucket = StockBucket.ON_HAND


class StockCount(NamedTuple):
    """What was counted on the shelf; the difference to the ledger becomes a movement."""

    warehouse_id: int
    sku_id: int
    counted: int
    reason: str = ""


class OpeningStock(NamedTuple):
    """The first quantity of a SKU in a warehouse."""

    warehouse_id: int
    sku_id: int
    quantity: int


class IncomingChange(NamedTuple):
    """Units that a document expects (positive) or no longer expects (negative)."""

    warehouse_id: int
    sku_id: int
    delta: int
    document: str
    document_id: int


class Demand(NamedTuple):
    """Quantity that a document line waits for because no warehouse has it."""

    sku_id: int
    quantity: int
    document: str
    line_id: int
    since: datetime


class Change(NamedTuple):
    """One ledger row to be written."""

    warehouse_id: int
    sku_id: int
    bucket: StockBucket
    quantity: int
    kind: MovementKind
    document: str = ""
    document_id: int | None = None
    reason: str = ""


class SkuRef(NamedTuple):
    """What other apps need to know of a SKU that they have resolved from a code."""

    id: int
    code: str
    name: str
    is_active: bool
    stocked: bool
    weight_g: int | None
    unit_price: Decimal | None
    currency: str


def counted_delta(on_hand: int, counted: int) -> int:
    """The correction that makes the ledger agree with the shelf."""
    return counted - on_hand

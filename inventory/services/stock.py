"""Stock that comes in, is corrected, counted or expected."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.audit.services import AuditRow, record_many
from core.exceptions import DomainError
from inventory.enums import MovementKind, StockBucket
from inventory.exceptions import CountedTwice, OutOfStock, Shortage, StockIsReserved
from inventory.locks import LockedLevel, lock_levels, lock_or_create_levels
from inventory.models import Sku, StockLevel
from inventory.rules.stock import (
    Change,
    IncomingChange,
    OpeningStock,
    Pair,
    StockAdjustment,
    StockCount,
    StockReceipt,
    counted_delta,
)
from inventory.services.events import publish_increase
from inventory.services.ledger import write_changes


def receive_stock(
    receipts: Sequence[StockReceipt],
    *,
    actor: Actor = SYSTEM,
    at: datetime | None = None,
    kind: MovementKind = MovementKind.RECEIPT,
) -> None:
    """Add received units to their levels (made when missing) and tell those who wait for stock.

    `kind` is RECEIPT for purchases, RETURN for goods that customers sent back, TRANSFER_IN for transfers.
    """
    if any(receipt.quantity <= 0 for receipt in receipts):
        raise DomainError(_("A received quantity must be above zero."), "quantity", "quantity")
    at = at or timezone.now()
    with transaction.atomic():
        lock_or_create_levels([(r.warehouse_id, r.sku_id) for r in receipts], at=at)
        write_changes(
            [
                Change(r.warehouse_id, r.sku_id, r.bucket, r.quantity, kind, r.document, r.document_id, r.reason)
                for r in receipts
            ],
            actor=actor,
            at=at,
        )
        publish_increase((r.warehouse_id, r.sku_id) for r in receipts if r.bucket == StockBucket.ON_HAND)


def adjust_stock(
    adjustments: Sequence[StockAdjustment],
    *,
    actor: Actor,
    at: datetime | None = None,
    kind: MovementKind = MovementKind.ADJUSTMENT,
) -> None:
    """Correct levels by a difference, each with a reason; all or none.

    Raises OutOfStock where a bucket would become negative, StockIsReserved where units that orders have
    reserved would go, DomainError without a reason.
    """
    if any(not adjustment.reason.strip() for adjustment in adjustments):
        raise DomainError(_("Say why the stock is corrected."), "reason_required", "reason")
    at = at or timezone.now()
    with transaction.atomic():
        pairs = [(a.warehouse_id, a.sku_id) for a in adjustments]
        levels = lock_or_create_levels(pairs, at=at)
        _refuse_impossible(adjustments, levels)
        _write_adjustments(adjustments, levels, kind, actor, at)


def count_stock(counts: Sequence[StockCount], *, actor: Actor, at: datetime | None = None) -> int:
    """Make the ledger agree with what was counted; returns how many levels differed.

    Raises StockIsReserved where less was counted than orders have reserved, CountedTwice where a SKU occurs twice in
    a warehouse: one of the two figures must be wrong.
    """
    _refuse_repeated((count.warehouse_id, count.sku_id) for count in counts)
    at = at or timezone.now()
    with transaction.atomic():
        levels = lock_or_create_levels([(c.warehouse_id, c.sku_id) for c in counts], at=at)
        adjustments = [
            StockAdjustment(c.warehouse_id, c.sku_id, delta, c.reason or str(_("Stock count")))
            for c in counts
            if (delta := counted_delta(levels[c.warehouse_id, c.sku_id].on_hand, c.counted))
        ]
        _refuse_impossible(adjustments, levels)
        _write_adjustments(adjustments, levels, MovementKind.COUNT, actor, at)
    return len(adjustments)


def _refuse_repeated(pairs: Iterable[Pair]) -> None:
    repeated = [pair for pair, times in Counter(pairs).items() if times > 1]
    if repeated:
        _warehouse_id, sku_id = min(repeated)
        raise CountedTwice(Sku.objects.values_list("code", flat=True).get(pk=sku_id))


def set_opening_stock(rows: Sequence[OpeningStock], *, actor: Actor = SYSTEM, at: datetime | None = None) -> set[Pair]:
    """Write the first quantity of SKUs in warehouses; returns the pairs that were refused.

    A pair that ever had units on hand is refused: a second opening would count them twice. A quantity of
    zero makes the level and no ledger row. Raises CountedTwice where a pair occurs twice in one call.
    """
    _refuse_repeated((row.warehouse_id, row.sku_id) for row in rows)
    at = at or timezone.now()
    with transaction.atomic():
        lock_or_create_levels([(row.warehouse_id, row.sku_id) for row in rows], at=at)
        refused = _pairs_with_history({(row.warehouse_id, row.sku_id) for row in rows})
        fresh = [row for row in rows if (row.warehouse_id, row.sku_id) not in refused]
        changes = [
            Change(row.warehouse_id, row.sku_id, StockBucket.ON_HAND, row.quantity, MovementKind.OPENING)
            for row in fresh
        ]
        write_changes(changes, actor=actor, at=at)
        publish_increase((row.warehouse_id, row.sku_id) for row in fresh if row.quantity)
    return refused


def change_incoming(changes: Sequence[IncomingChange], *, actor: Actor = SYSTEM, at: datetime | None = None) -> None:
    """Raise or lower the units that are expected; never below zero, whatever a document asks."""
    at = at or timezone.now()
    with transaction.atomic():
        levels = lock_or_create_levels([(c.warehouse_id, c.sku_id) for c in changes], at=at)
        left = {pair: level.incoming for pair, level in levels.items()}
        rows = []
        for change in changes:
            pair = (change.warehouse_id, change.sku_id)
            delta = max(change.delta, -left[pair])
            left[pair] += delta
            rows.append(
                Change(*pair, StockBucket.INCOMING, delta, MovementKind.INCOMING, change.document, change.document_id)
            )
        write_changes(rows, actor=actor, at=at)


def set_safety_stock(quantities: Mapping[Pair, int], *, actor: Actor, at: datetime | None = None) -> None:
    """Set how many units of each (warehouse_id, sku_id) are never promised to orders."""
    if any(quantity < 0 for quantity in quantities.values()):
        raise DomainError(_("Safety stock can't be negative."), "quantity", "safety")
    at = at or timezone.now()
    with transaction.atomic():
        levels = lock_or_create_levels(quantities, at=at)
        changed = {pair: q for pair, q in quantities.items() if levels[pair].safety != q}
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE inventory_stocklevel l SET safety = d.safety, updated_at = %s
                   FROM unnest(%s::bigint[], %s::int[]) AS d(id, safety) WHERE l.id = d.id""",
                [at, [levels[pair].id for pair in changed], list(changed.values())],
            )
        _audit(
            "inventory.safety_changed",
            {pair: {"safety": [levels[pair].safety, q]} for pair, q in changed.items()},
            {},
            levels,
            actor,
        )
        publish_increase(pair for pair, q in changed.items() if q < levels[pair].safety)


def _refuse_impossible(adjustments: Sequence[StockAdjustment], levels: Mapping[Pair, LockedLevel]) -> None:
    """Say in words what the table's constraints would refuse."""
    deltas: dict[Pair, int] = defaultdict(int)
    for a in adjustments:
        if a.bucket == StockBucket.ON_HAND:
            deltas[a.warehouse_id, a.sku_id] += a.delta
    short = [pair for pair, delta in deltas.items() if levels[pair].on_hand + delta < levels[pair].reserved]
    if not short:
        return
    negative = [pair for pair in short if levels[pair].on_hand + deltas[pair] < 0]
    if negative:
        raise OutOfStock([Shortage(*pair, -deltas[pair], levels[pair].on_hand) for pair in sorted(negative)])
    level = levels[min(short)]
    code = Sku.objects.values_list("code", flat=True).get(pk=level.sku_id)
    raise StockIsReserved(code, level.on_hand + deltas[level.warehouse_id, level.sku_id], level.reserved)


def _write_adjustments(
    adjustments: Sequence[StockAdjustment],
    levels: Mapping[Pair, LockedLevel],
    kind: MovementKind,
    actor: Actor,
    at: datetime,
) -> None:
    changes = [Change(a.warehouse_id, a.sku_id, a.bucket, a.delta, kind, reason=a.reason.strip()) for a in adjustments]
    write_changes(changes, actor=actor, at=at)
    after = lock_levels((c.warehouse_id, c.sku_id) for c in changes)
    _audit(
        f"inventory.stock_{'counted' if kind == MovementKind.COUNT else 'adjusted'}",
        {
            pair: {"on_hand": [levels[pair].on_hand, level.on_hand]}
            for pair, level in after.items()
            if levels[pair].on_hand != level.on_hand
        },
        {(c.warehouse_id, c.sku_id): c.reason for c in changes},
        levels,
        actor,
    )
    publish_increase(pair for pair, level in after.items() if level.available > levels[pair].available)


def _audit(
    action: str,
    changes: Mapping[Pair, dict[str, list[int]]],
    reasons: Mapping[Pair, str],
    levels: Mapping[Pair, LockedLevel],
    actor: Actor,
) -> None:
    labels = dict(
        StockLevel.objects.filter(pk__in=[levels[pair].id for pair in changes]).values_list("pk", "sku__code")
    )
    record_many(
        [
            AuditRow(
                action=action,
                actor=actor,
                subject_type="inventory.stocklevel",
                subject_id=levels[pair].id,
                subject_label=labels[levels[pair].id],
                changes=fields,
                reason=reasons.get(pair, ""),
            )
            for pair, fields in changes.items()
        ]
    )


def _pairs_with_history(pairs: set[Pair]) -> set[Pair]:
    """The pairs that have, or had, units on hand."""
    wanted = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.warehouse_id, p.sku_id
               FROM unnest(%s::bigint[], %s::bigint[]) AS p(warehouse_id, sku_id)
               WHERE EXISTS (SELECT 1 FROM inventory_stockmovement m WHERE m.sku_id = p.sku_id
                             AND m.warehouse_id = p.warehouse_id AND m.bucket = 'on_hand')""",
            [[pair[0] for pair in wanted], [pair[1] for pair in wanted]],
        )
        return set(cursor.fetchall())

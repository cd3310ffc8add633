"""Claims on stock: reserve, release, consume; a fixed number of statements for any number of lines."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from django.db import connection, transaction
from django.utils import timezone

from core.actor import SYSTEM, Actor
from core.db import insert_rows
from inventory.enums import MovementKind, ReservationState, StockBucket
from inventory.exceptions import OutOfStock, Shortage
from inventory.locks import lock_levels, lock_levels_of_reservations
from inventory.models import Reservation
from inventory.rules.stock import Change, Claim, Pair
from inventory.services.events import publish_increase
from inventory.services.ledger import write_changes

_COLUMNS = ("warehouse_id", "sku_id", "quantity", "state", "document", "document_id", "created_at")


def reserve(claims: Sequence[Claim], *, actor: Actor = SYSTEM, at: datetime | None = None) -> None:
    """Reserve every claim or none: three statements.

    The caller has locked the levels with inventory.locks.lock_levels() in this transaction, so that it
    could choose among them. Raises OutOfStock with the shortages where a level has less available than its
    claims add up to, and must then let the transaction roll back.
    """
    if not claims:
        return
    at = at or timezone.now()
    _refuse_non_positive(claims)
    with transaction.atomic():
        updated = write_changes(
            [
                Change(
                    c.warehouse_id,
                    c.sku_id,
                    StockBucket.RESERVED,
                    c.quantity,
                    MovementKind.RESERVE,
                    c.document,
                    c.line_id,
                )
                for c in claims
            ],
            actor=actor,
            at=at,
            guard="l.on_hand - l.reserved - l.safety >= d.reserved",
        )
        _raise_for_shortages(claims, updated)
        insert_rows(
            Reservation,
            _COLUMNS,
            [
                (
                    c.warehouse_id,
                    c.sku_id,
                    c.quantity,
                    ReservationState.ACTIVE.value,
                    c.document,
                    c.line_id,
                    at,
                )
                for c in claims
            ],
        )


def release_reservations(
    document: str,
    line_ids: Sequence[int],
    actor: Actor = SYSTEM,
    at: datetime | None = None,
    *,
    reason: str = "",
) -> set[int]:
    """Give the lines' active reservations back to the available stock, and tell those who wait for it.

    Lines without an active reservation are ignored. Returns the ids of the lines that were released.
    """
    at = at or timezone.now()
    with transaction.atomic():
        closed = _close(document, line_ids, ReservationState.RELEASED, at)
        changes = [
            Change(
                row[0],
                row[1],
                StockBucket.RESERVED,
                -row[2],
                MovementKind.UNRESERVE,
                document,
                row[3],
                reason,
            )
            for row in closed
        ]
        write_changes(changes, actor=actor, at=at)
        publish_increase({(change.warehouse_id, change.sku_id) for change in changes})
    return {row[3] for row in closed}


def consume_reservations(
    document: str, line_ids: Sequence[int], actor: Actor = SYSTEM, at: datetime | None = None
) -> set[int]:
    """Take the reserved units out of the warehouse, because the lines have shipped.

    Lines without an active reservation are ignored (services, for instance, have none). Returns the ids of
    the lines that were consumed.
    """
    at = at or timezone.now()
    with transaction.atomic():
        closed = _close(document, line_ids, ReservationState.CONSUMED, at)
        changes = [
            Change(row[0], row[1], bucket, -row[2], MovementKind.SHIP, document, row[3])
            for row in closed
            for bucket in (StockBucket.ON_HAND, StockBucket.RESERVED)
        ]
        write_changes(changes, actor=actor, at=at)
    return {row[3] for row in closed}


def _close(
    document: str, line_ids: Sequence[int], state: ReservationState, at: datetime
) -> list[tuple[int, int, int, int]]:
    """Close active reservations: rows of (warehouse_id, sku_id, quantity, line id), levels locked before."""
    if not line_ids:
        return []
    lock_levels_of_reservations(document, line_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inventory_reservation SET state = %s, closed_at = %s
               WHERE document = %s AND document_id = ANY(%s) AND state = 'active'
               RETURNING warehouse_id, sku_id, quantity, document_id""",
            [state.value, at, document, list(line_ids)],
        )
        return cast("list[tuple[int, int, int, int]]", cursor.fetchall())


def _refuse_non_positive(claims: Sequence[Claim]) -> None:
    for claim in claims:
        if claim.quantity <= 0:
            raise ValueError(f"A claim needs a positive quantity: {claim}")


def _raise_for_shortages(claims: Sequence[Claim], updated: set[Pair]) -> None:
    wanted: dict[Pair, int] = defaultdict(int)
    for claim in claims:
        wanted[claim.warehouse_id, claim.sku_id] += claim.quantity
    short = wanted.keys() - updated
    if not short:
        return
    levels = lock_levels(short)
    raise OutOfStock(
        [Shortage(*pair, wanted[pair], levels[pair].available if pair in levels else 0) for pair in sorted(short)]
    )

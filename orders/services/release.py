"""The release stage: hands allocated fulfilment orders without open holds to their warehouses."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from core.actor import SYSTEM, Actor
from core.db import update_rows
from core.outbox.services import publish
from orders.enums import ALLOCATABLE, FulfilmentStatus
from orders.events import OrdersReleased
from orders.models import FulfilmentOrder
from orders.rules.cut_off import next_cut_off
from orders.services.moves import move_fulfilments

# Orders all of whose live fulfilment orders have gone to a warehouse, and that had none before.
_MARK_RELEASED = """
UPDATE orders_order o SET released_at = %s
WHERE o.id = ANY(%s) AND o.released_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM orders_fulfilmentorder f
    WHERE f.order_id = o.id AND f.status IN ('planned', 'backordered', 'allocated'))
"""


def release_batch(limit: int) -> int:
    """Release up to `limit` fulfilment orders; returns how many."""
    with transaction.atomic():
        # SKIP LOCKED on the order too: whoever works on it (a hold, an edit) comes first.
        due = list(
            FulfilmentOrder.objects.filter(
                status=FulfilmentStatus.ALLOCATED,
                order__open_hold_count=0,
                order__validate_due_at=None,  # what was corrected since is looked at first
                order__status__in=ALLOCATABLE,
            )
            .select_related("order", "warehouse")
            .select_for_update(skip_locked=True, of=("self", "order"), no_key=True)
            .order_by("id")[:limit]
        )
        if due:
            release_fulfilments(due, at=timezone.now(), actor=SYSTEM)
        return len(due)


def release_fulfilments(fulfilments: Sequence[FulfilmentOrder], *, at: datetime, actor: Actor) -> None:
    """Release locked, allocated fulfilment orders (with order and warehouse loaded)."""
    move_fulfilments(fulfilments, FulfilmentStatus.RELEASED, at=at, actor=actor)
    update_rows(FulfilmentOrder, "id", ("ship_before",), [(f.pk, _ship_before(f, at)) for f in fulfilments])
    with connection.cursor() as cursor:
        cursor.execute(_MARK_RELEASED, [at, sorted({f.order_id for f in fulfilments})])
    publish(OrdersReleased(fulfilment_ids=[f.pk for f in fulfilments]))


def _ship_before(fulfilment: FulfilmentOrder, at: datetime) -> datetime | None:
    warehouse = fulfilment.warehouse
    if warehouse is None or warehouse.cut_off is None:
        return fulfilment.order.ship_by
    cut_off = next_cut_off(at, warehouse.cut_off, warehouse.time_zone)
    return min(cut_off, fulfilment.order.ship_by or cut_off)

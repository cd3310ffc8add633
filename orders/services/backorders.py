"""Taking up backorders: put orders that wait for SKUs before the allocation stage again."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from core.stages import nudge
from orders.codes import ALLOCATE
from orders.enums import ALLOCATABLE
from orders.models import Order

# Locked in order of id, as everywhere: two changes of stock at once wait for each other, never in a circle.
_WAITING_FOR = """
WITH waiting AS (
    SELECT id FROM orders_order
    WHERE allocate_due_at IS NULL AND id IN (
        SELECT f.order_id FROM orders_fulfilmentorder f JOIN orders_fulfilmentline l ON l.fulfilment_id = f.id
        WHERE f.status = 'backordered' AND l.sku_id = ANY(%s))
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE orders_order o SET allocate_due_at = %s FROM waiting WHERE o.id = waiting.id
"""

# Stock that changed after the order was last tried, in a warehouse that serves its country; the second condition makes
# each change count once. Who was tried in vain waits twice as long for the next try, up to an hour: stock of which
# an event tells is taken up at once anyway.
_MISSED = """
WITH missed AS (
    SELECT id FROM orders_order WHERE allocate_due_at IS NULL AND id IN (
    SELECT DISTINCT o.id FROM orders_fulfilmentorder f
    JOIN orders_order o ON o.id = f.order_id
    JOIN orders_fulfilmentline l ON l.fulfilment_id = f.id
    JOIN inventory_stocklevel s ON s.sku_id = l.sku_id AND s.available > 0 AND s.updated_at > o.allocated_at
    JOIN inventory_warehouse w ON w.id = s.warehouse_id AND w.is_active
        AND (w.serves_countries = '{}' OR o.ship_country = ANY(w.serves_countries))
    WHERE f.status = 'backordered' AND o.allocate_due_at IS NULL
        AND o.allocated_at + least(o.allocated_at - f.created_at, interval '1 hour') <= %s LIMIT %s)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE orders_order o SET allocate_due_at = %s FROM missed WHERE o.id = missed.id
"""


def take_up_backorders(*, sku_ids: Sequence[int], at: datetime) -> int:
    """Stock of these SKUs has risen: try the orders that wait for them again; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_FOR, [list(sku_ids), at])
        count: int = cursor.rowcount
    if count:
        nudge(ALLOCATE)
    return count


def retry_orders(*, order_ids: Sequence[int], at: datetime) -> None:
    """Try the allocation of these orders again, because a person asks."""
    Order.objects.filter(pk__in=order_ids, status__in=ALLOCATABLE).update(allocate_due_at=at)
    nudge(ALLOCATE)


def watch_batch(limit: int) -> int:
    """Stage: catch what an event missed, such as stock that appeared while an order was being backordered."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_MISSED, [now, limit, now])
        count: int = cursor.rowcount
    if count:
        nudge(ALLOCATE)
    return count

"""What allocation needs to know, each in one statement however many orders there are."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

from inventory.models import Warehouse
from orders.models import Order
from orders.rules.allocation import Demand, DemandLine, WarehouseFacts

LOAD_CAP = 1000  # load only breaks ties; counting further would cost and change nothing

_LOADS = """
SELECT w.id, (SELECT count(*) FROM (
    SELECT 1 FROM orders_fulfilmentorder f
    WHERE f.warehouse_id = w.id AND f.status IN ('allocated', 'released', 'picking') LIMIT %s) AS counted)
FROM inventory_warehouse w WHERE w.is_active
"""

# What a line still needs: its quantity less what is in fulfilment orders that have stock.
_OPEN_LINES = """
SELECT l.order_id, l.id, l.sku_id, l.quantity - coalesce(served.quantity, 0)
FROM orders_orderline l
JOIN inventory_sku s ON s.id = l.sku_id AND s.is_stocked
LEFT JOIN LATERAL (
    SELECT sum(fl.quantity) AS quantity FROM orders_fulfilmentline fl
    JOIN orders_fulfilmentorder f ON f.id = fl.fulfilment_id
    WHERE fl.order_line_id = l.id AND f.status NOT IN ('backordered', 'planned', 'cancelled')
) AS served ON true
WHERE l.order_id = ANY(%s) AND l.quantity > coalesce(served.quantity, 0)
ORDER BY l.order_id, l.position
"""


def warehouse_facts() -> list[WarehouseFacts]:
    """All active warehouses with their load."""
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [LOAD_CAP])
        loads = dict(cursor.fetchall())
    return [
        WarehouseFacts(
            id=w.pk,
            code=w.code,
            country=w.country,
            province=w.province,
            city=w.city,
            priority=w.priority,
            load=loads.get(w.pk, 0),
            serves=frozenset(w.serves_countries),
        )
        for w in Warehouse.objects.filter(is_active=True).order_by("pk")
    ]


def open_demands(orders: Sequence[Order]) -> list[Demand]:
    """What each order still needs, in the order given; orders that need nothing have no lines."""
    lines: dict[int, list[DemandLine]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_LINES, [[order.pk for order in orders]])
        for order_id, line_id, sku_id, quantity in cursor.fetchall():
            lines[order_id].append(DemandLine(line_id, sku_id, quantity))
    return [
        Demand(
            order_id=order.pk,
            country=order.ship_country,
            province=order.ship_province,
            city=order.ship_city,
            lines=tuple(lines[order.pk]),
        )
        for order in orders
    ]

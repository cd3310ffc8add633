"""The measurements behind the five-pains board, each from raw rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.rules.figures import Period
from analytics.selectors import CASES_IN_SCOPE, ORDERS_IN_SCOPE, Scope, row, rows

# Over orders received in the period; cancelled ones apart.
_HANDLING = f"""
SELECT count(*) AS received,
    count(*) FILTER (WHERE o.status = 'cancelled') AS cancelled,
    count(o.released_at) FILTER (WHERE o.status <> 'cancelled') AS released,
    count(o.shipped_at) FILTER (WHERE o.status <> 'cancelled') AS shipped,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY o.released_at - o.received_at)
        FILTER (WHERE o.released_at IS NOT NULL AND o.status <> 'cancelled')) AS release_median,
    extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY o.released_at - o.received_at)
        FILTER (WHERE o.released_at IS NOT NULL AND o.status <> 'cancelled')) AS release_p90,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY o.shipped_at - o.received_at)
        FILTER (WHERE o.shipped_at IS NOT NULL AND o.status <> 'cancelled')) AS ship_median,
    extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY o.shipped_at - o.received_at)
        FILTER (WHERE o.shipped_at IS NOT NULL AND o.status <> 'cancelled')) AS ship_p90,
    count(*) FILTER (WHERE o.released_at IS NOT NULL AND o.status <> 'cancelled'
        AND (o.first_touched_at IS NULL OR o.first_touched_at > o.released_at)) AS touchless
FROM orders_order o
WHERE o.received_at >= %(start)s AND o.received_at < %(end)s AND {ORDERS_IN_SCOPE}
"""

# Counted to the day of release: errors found later still belong to the orders released in the period.
_ESCAPES = f"""
SELECT count(*) AS released,
    count(*) FILTER (WHERE EXISTS (SELECT 1 FROM orders_dataerror e WHERE e.order_id = o.id)) AS escaped
FROM orders_order o
WHERE o.released_at >= %(start)s AND o.released_at < %(end)s AND {ORDERS_IN_SCOPE}
"""

# An order is held wrongly if it was held, every hold has been released, and none with its values changed.
# Waiting for payment isn't a judgement of the data.
_FALSE_HOLDS = f"""
SELECT count(*) AS received, count(h.order_id) AS held,
    count(*) FILTER (WHERE h.all_released AND NOT h.any_changed) AS false_held
FROM orders_order o
LEFT JOIN LATERAL (
    SELECT h.order_id, bool_and(h.released_at IS NOT NULL) AS all_released,
        bool_or(coalesce(h.value_changed, false)) AS any_changed
    FROM orders_hold h
    WHERE h.order_id = o.id AND h.placed_by_id IS NULL AND h.reason <> 'payment' GROUP BY h.order_id
) AS h ON true
WHERE o.received_at >= %(start)s AND o.received_at < %(end)s AND o.status <> 'cancelled' AND {ORDERS_IN_SCOPE}
"""

_MOVING = ("'picked_up'", "'in_transit'", "'out_for_delivery'", "'available_for_pickup'", "'attempt_failed'",
           "'delayed'", "'exception'", "'returning'")  # fmt: skip
# As things stand at the end of the period: only now can be measured, so the board asks for it live.
_FRESHNESS = f"""
SELECT count(*) AS in_transit,
    extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (
        ORDER BY %(end)s - coalesce(s.last_checked_at, s.handed_over_at, s.label_created_at, s.created_at))
    ) AS age_p90
FROM logistics_shipment s JOIN orders_order o ON o.id = s.order_id
WHERE s.status IN ({", ".join(_MOVING)}) AND {ORDERS_IN_SCOPE}
"""

_LATENCY = f"""
SELECT count(*) AS events,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY e.ingested_at - e.occurred_at)) AS median
FROM logistics_trackingevent e JOIN logistics_shipment s ON s.id = e.shipment_id
JOIN orders_order o ON o.id = s.order_id
WHERE e.ingested_at >= %(start)s AND e.ingested_at < %(end)s AND {ORDERS_IN_SCOPE}
"""

_ETA = f"""
SELECT count(*) AS delivered,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (
        ORDER BY greatest(s.delivered_at - s.estimated_at_handover, s.estimated_at_handover - s.delivered_at))
    ) AS error_median
FROM logistics_shipment s JOIN orders_order o ON o.id = s.order_id
WHERE s.delivered_at >= %(start)s AND s.delivered_at < %(end)s AND s.estimated_at_handover IS NOT NULL
    AND {ORDERS_IN_SCOPE}
"""

_SATISFACTION = f"""
SELECT count(*) AS delivered, count(r.id) AS ratings, count(*) FILTER (WHERE r.stars >= 4) AS satisfied
FROM orders_order o LEFT JOIN logistics_deliveryrating r ON r.order_id = o.id
WHERE o.delivered_at >= %(start)s AND o.delivered_at < %(end)s AND {ORDERS_IN_SCOPE}
"""

# On time: resolved by the due time and not reopened, over the cases due in the period. One that was reopened has a
# fresh due time since, and would leave the period it failed in: it counts to the time it was due first.
_DUE_CASES = f"""
SELECT count(*) AS due,
    count(*) FILTER (WHERE c.resolved_at <= c.resolve_by AND c.reopened_count = 0) AS on_time
FROM cases_case c
WHERE (c.first_resolve_by >= %(start)s AND c.first_resolve_by < %(end)s
        OR c.first_resolve_by IS NULL AND c.resolve_by >= %(start)s AND c.resolve_by < %(end)s)
    AND {CASES_IN_SCOPE}
"""

_OPENED_CASES = f"""
SELECT count(*) AS opened,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.opened_at - c.cause_at)) AS notice_median
FROM cases_case c
WHERE c.opened_at >= %(start)s AND c.opened_at < %(end)s AND {CASES_IN_SCOPE}
"""

_RESOLVED_CASES = f"""
SELECT count(*) AS resolved,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.resolved_at - c.opened_at)) AS resolve_median
FROM cases_case c
WHERE c.resolved_at >= %(start)s AND c.resolved_at < %(end)s AND {CASES_IN_SCOPE}
"""

# Counted to the day of the first resolution, which reopening takes back: it still belongs to that period.
_REOPENED_CASES = f"""
SELECT count(*) AS resolved, count(*) FILTER (WHERE c.reopened_count > 0) AS reopened
FROM cases_case c
WHERE coalesce(c.first_resolved_at, c.resolved_at) >= %(start)s
    AND coalesce(c.first_resolved_at, c.resolved_at) < %(end)s AND {CASES_IN_SCOPE}
"""

_OPEN_CASES = f"""
SELECT count(*) AS open, count(*) FILTER (WHERE c.assigned_to_id IS NULL AND c.role = '') AS unowned
FROM cases_case c
WHERE c.status NOT IN ('resolved', 'verified', 'closed') AND {CASES_IN_SCOPE}
"""

# A buyer counts as returning if the customer had an order before the period began.
_CUSTOMERS = f"""
SELECT count(*) AS buyers, count(*) FILTER (WHERE came_back) AS returning_buyers,
    sum(orders) AS orders
FROM (
    SELECT o.customer_id, count(*) AS orders, EXISTS (
        SELECT 1 FROM orders_order e WHERE e.customer_id = o.customer_id AND e.placed_at < %(start)s
            AND e.status <> 'cancelled') AS came_back
    FROM orders_order o
    WHERE o.placed_at >= %(start)s AND o.placed_at < %(end)s AND o.status <> 'cancelled' AND {ORDERS_IN_SCOPE}
    GROUP BY o.customer_id
) AS bought
"""


def handling(period: Period, scope: Scope) -> Mapping[str, Any]:
    """Seconds from received to released and shipped, and how many orders nobody touched."""
    return row(_HANDLING, period, scope)


def escapes(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_ESCAPES, period, scope)


def false_holds(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_FALSE_HOLDS, period, scope)


def freshness(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_FRESHNESS, period, scope)


def latency(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_LATENCY, period, scope)


def eta_error(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_ETA, period, scope)


def satisfaction(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_SATISFACTION, period, scope)


def due_cases(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_DUE_CASES, period, scope)


def opened_cases(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_OPENED_CASES, period, scope)


def resolved_cases(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_RESOLVED_CASES, period, scope)


def reopened_cases(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_REOPENED_CASES, period, scope)


def open_cases(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_OPEN_CASES, period, scope)


def customers(period: Period, scope: Scope) -> Mapping[str, Any]:
    return row(_CUSTOMERS, period, scope)


_HANDLING_BY_DAY = f"""
SELECT date_trunc('day', o.received_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS received,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY o.released_at - o.received_at)) / 3600 AS hours
FROM orders_order o
WHERE o.received_at >= %(start)s AND o.received_at < %(end)s AND o.status <> 'cancelled' AND {ORDERS_IN_SCOPE}
GROUP BY 1 ORDER BY 1
"""


def handling_by_day(period: Period, scope: Scope, zone: str) -> Sequence[Mapping[str, Any]]:
    """Orders received and the median hours to release, for each day of a time zone that had orders."""
    return rows(_HANDLING_BY_DAY, period, scope, zone=zone)

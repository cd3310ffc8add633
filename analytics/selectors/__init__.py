"""Reads over the whole house. Every figure takes a period and the scope of the person who asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from analytics.rules.figures import Period
from core.accounts.selectors import scope_ids

# For statements over orders_order o and cases_case c.
ORDERS_IN_SCOPE = """(%(channels)s::bigint[] IS NULL OR o.channel_id = ANY(%(channels)s))
    AND (%(warehouses)s::bigint[] IS NULL OR EXISTS (
        SELECT 1 FROM orders_fulfilmentorder f
        WHERE f.order_id = o.id AND f.warehouse_id = ANY(%(warehouses)s)))"""
CASES_IN_SCOPE = """(%(channels)s::bigint[] IS NULL OR c.scope_channel_id = ANY(%(channels)s))
    AND (%(warehouses)s::bigint[] IS NULL OR c.scope_warehouse_id = ANY(%(warehouses)s))"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of the channels and warehouses that are counted; None for all."""

    channels: Collection[int] | None = None
    warehouses: Collection[int] | None = None

    @classmethod
    def of(cls, user: Any) -> "Scope":
        return cls(scope_ids(user, "channel"), scope_ids(user, "warehouse"))


def rows(sql: str, period: Period, scope: Scope, **more: Any) -> Sequence[Mapping[str, Any]]:
    """The rows of a statement with %(start)s, %(end)s, %(channels)s, %(warehouses)s and `more`.

    Returns dicts by column name."""
    params = {
        "start": period.start,
        "end": period.end,
        "channels": None if scope.channels is None else sorted(scope.channels),
        "warehouses": None if scope.warehouses is None else sorted(scope.warehouses),
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def row(sql: str, period: Period, scope: Scope) -> Mapping[str, Any]:
    """The one row of such a statement."""
    return rows(sql, period, scope)[0]

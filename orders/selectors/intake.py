"""Reads of the intake: which orders of a channel are known."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db import connection


class KnownOrder(NamedTuple):
    """An order as intake needs it; `content` is the fingerprint of what its channel said last."""

    id: int
    number: str
    content: str
    updated_at: datetime | None


_KNOWN = """
SELECT wanted.external_id, o.id, o.number, o.payload_sha256, o.channel_updated_at,
       CASE WHEN o.id IS NULL THEN nextval(pg_get_serial_sequence('orders_order', 'id')) END
  FROM unnest(%(external_ids)s::text[]) AS wanted(external_id)
  LEFT JOIN orders_order o ON o.channel_id = %(channel)s AND o.external_id = wanted.external_id
"""


def known_orders(
    channel_id: int, external_ids: Collection[str]
) -> tuple[dict[str, KnownOrder], dict[str, int]]:
    """The channel's orders among these numbers, and an id from the sequence for every other one.

    One statement for both, because this is the way of every single order.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"external_ids": list(external_ids), "channel": channel_id})
        rows = cursor.fetchall()
    known = {row[0]: KnownOrder(*row[1:5]) for row in rows if row[1] is not None}
    reserved = {row[0]: row[5] for row in rows if row[1] is None}
    return known, reserved

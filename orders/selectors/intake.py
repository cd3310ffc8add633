"""Reads of the intake: known orders, kept messages, channels."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from core.accounts.models import User
from core.accounts.selectors import scope_ids
from core.prepared import Prepared
from orders.models import IntakeMessage, Order


class KnownOrder(NamedTuple):
    """An order as intake needs it; `content` is the fingerprint of what its channel said last."""

    id: int
    number: str
    content: str
    updated_at: datetime | None


_KNOWN = Prepared("""
SELECT wanted.external_id, o.id, o.number, o.payload_sha256, o.channel_updated_at,
       CASE WHEN o.id IS NULL THEN nextval(pg_get_serial_sequence('orders_order', 'id')) END
  FROM unnest(%(external_ids)s::text[]) AS wanted(external_id)
  LEFT JOIN orders_order o ON o.channel_id = %(channel)s AND o.external_id = wanted.external_id
""")


def known_orders(channel_id: int, external_ids: Collection[str]) -> tuple[dict[str, KnownOrder], dict[str, int]]:
    """The channel's orders among these numbers, and an id from the sequence for every other one.

    One statement for both, because this is the way of every single order.
    """
    rows = _KNOWN.fetch_all({"external_ids": list(external_ids), "channel": channel_id})
    known = {row[0]: KnownOrder(*row[1:5]) for row in rows if row[1] is not None}
    reserved = {row[0]: row[5] for row in rows if row[1] is None}
    return known, reserved


def order_of_channel(channel_id: int, external_id: str) -> Order | None:
    """The order that a channel knows by this number."""
    if "\x00" in external_id:
        return None
    return Order.objects.filter(channel_id=channel_id, external_id=external_id).first()


def messages_for(user: User | AnonymousUser) -> QuerySet[IntakeMessage]:
    """The intake messages of the channels that the user may see."""
    channel_ids = scope_ids(user, "channel")
    messages = IntakeMessage.objects.all()
    return messages if channel_ids is None else messages.filter(channel_id__in=channel_ids)


def previous_message(message: IntakeMessage) -> IntakeMessage | None:
    """What the same order's message before this one was."""
    earlier = IntakeMessage.objects.filter(
        channel_id=message.channel_id, external_id=message.external_id, pk__lt=message.pk
    )
    return earlier.order_by("-pk").first() if message.external_id else None

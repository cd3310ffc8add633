"""What validation needs to know of a batch of orders: a fixed number of statements for any size."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db import connection

from core.addresses import Address
from core.records import maker
from inventory.rules.stock import SkuRef
from inventory.selectors import resolve_skus, skus_by_id
from orders.enums import OrderStatus
from orders.models import Channel, Order, OrderLine
from orders.rules.duplicate_key import duplicate_key
from orders.rules.validation import UNUSUAL_FROM, ChannelFacts, DuplicateCandidate, LineFacts, OrderFacts

_DUPLICATES = """
SELECT o.id, d.id, d.number, d.external_id, d.placed_at, d.status
FROM orders_order o
JOIN orders_channel c ON c.id = o.channel_id
JOIN orders_order d ON d.duplicate_key = o.duplicate_key AND d.id < o.id
    AND d.placed_at BETWEEN o.placed_at - make_interval(hours => c.duplicate_window_hours)
                        AND o.placed_at + make_interval(hours => c.duplicate_window_hours)
WHERE o.id = ANY(%s) AND o.duplicate_key <> ''
"""

# The 95th percentile of each SKU's last 200 order lines.
_USUAL = """
SELECT wanted.sku_id, (
    SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY recent.quantity)
    FROM (SELECT l.quantity FROM orders_orderline l WHERE l.sku_id = wanted.sku_id
          ORDER BY l.id DESC LIMIT 200) AS recent)
FROM unnest(%s::bigint[]) AS wanted(sku_id)
"""


class StoredLine(NamedTuple):
    """What validation reads of an OrderLine: making thousands of model instances takes longer than looking at them."""

    id: int
    order_id: int
    sku_id: int | None
    external_sku: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


_stored = maker(StoredLine)
_facts = maker(LineFacts)
_COMMON = 6  # fields that StoredLine ends and LineFacts begins with
if StoredLine._fields[-_COMMON:] != LineFacts._fields[:_COMMON]:
    raise TypeError("StoredLine and LineFacts must have their common fields in one order.")
_LINES = """
SELECT id, order_id, sku_id, external_sku, quantity, unit_price, discount, tax, total
FROM orders_orderline WHERE order_id = ANY(%s) ORDER BY order_id, position
"""


def stored_lines(order_ids: Sequence[int]) -> dict[int, list[StoredLine]]:
    """The lines of orders by position: {order id: lines}; an order without any is absent."""
    lines: dict[int, list[StoredLine]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(order_ids)])
        for order_id, rows in groupby(cursor.fetchall(), itemgetter(1)):
            lines[order_id] = list(map(_stored, rows))
    return lines


def order_facts(
    orders: Sequence[Order], lines: Mapping[int, Sequence[StoredLine]], *, now: datetime
) -> list[OrderFacts]:
    """The facts of each order, in the order given. `lines` maps order ids to their lines by position."""
    channels = {c.pk: c for c in Channel.objects.filter(pk__in={order.channel_id for order in orders})}
    terms = {pk: _channel_facts(channel) for pk, channel in channels.items()}
    skus = skus_by_id({line.sku_id for some in lines.values() for line in some if line.sku_id})
    resolved = _resolved(orders, lines, channels)
    usual = _usual_quantities(lines)
    duplicates = _duplicates([order.pk for order in orders])
    return [
        OrderFacts(
            order_id=order.pk,
            external_id=order.external_id,
            channel=terms[order.channel_id],
            placed_at=order.placed_at,
            ship_by=order.ship_by,
            currency=order.currency,
            items_total=order.items_total,
            shipping_fee=order.shipping_fee,
            discount=order.discount,
            tax=order.tax,
            total=order.total,
            payment_status=order.payment_status,
            buyer_email=order.buyer_email,
            buyer_phone=order.buyer_phone,
            ship_to=ship_to(order),
            lines=tuple(_line_facts(lines.get(order.pk, ()), skus, resolved.get(order.channel_id, {}), usual)),
            duplicates=tuple(duplicates.get(order.pk, ())),
            now=now,
        )
        for order in orders
    ]


def ship_to(order: Order) -> Address:
    """The order's shipping address."""
    return Address(
        name=order.ship_name,
        phone=order.ship_phone,
        country=order.ship_country,
        province=order.ship_province,
        city=order.ship_city,
        district=order.ship_district,
        street=order.ship_street,
        postal_code=order.ship_postal_code,
    )


def duplicate_key_of(order: Order) -> str:
    """The order's duplicate key as its lines and address are now."""
    return duplicate_keys_of([order])[order.pk]


def duplicate_keys_of(orders: Sequence[Order]) -> dict[int, str]:
    """The duplicate keys of orders (by id): customer and address as the objects have them, lines as they are stored."""
    goods: dict[int, list[tuple[str, int]]] = defaultdict(list)
    lines = OrderLine.objects.filter(order__in=[order.pk for order in orders])
    for order_id, code, external_sku, quantity in lines.values_list(
        "order_id", "sku__code", "external_sku", "quantity"
    ):
        goods[order_id].append((code or external_sku, quantity))
    return {order.pk: duplicate_key(order.customer_id, goods[order.pk], ship_to(order)) for order in orders}


def _channel_facts(channel: Channel) -> ChannelFacts:
    return ChannelFacts(
        code=channel.code,
        currency=channel.currency,
        country=channel.country,
        requires_payment=channel.requires_payment,
        requires_address=channel.requires_address,
        duplicate_window=timedelta(hours=channel.duplicate_window_hours),
        settings=channel.settings,
    )


def _line_facts(
    lines: Iterable[StoredLine], skus: Mapping[int, SkuRef], resolved: Mapping[str, SkuRef], usual: Mapping[int, int]
) -> Iterator[LineFacts]:
    """A line's SKU is the one it has (`skus` by id), or what its channel's code resolves to by now."""
    for line in lines:
        sku = skus[line.sku_id] if line.sku_id else resolved.get(line.external_sku)
        yield _facts((*line[-_COMMON:], sku, usual.get(sku.id) if sku else None))


def _resolved(
    orders: Sequence[Order], lines: Mapping[int, Sequence[StoredLine]], channels: Mapping[int, Channel]
) -> dict[int, dict[str, SkuRef]]:
    """{channel id: {code: SKU}} for the codes of lines that have no SKU."""
    codes: dict[int, set[str]] = defaultdict(set)
    for order in orders:
        if missing := {line.external_sku for line in lines.get(order.pk, ()) if not line.sku_id}:
            codes[order.channel_id] |= missing
    return {channel_id: resolve_skus(channels[channel_id].code, missing) for channel_id, missing in codes.items()}


def _usual_quantities(lines: Mapping[int, Iterable[StoredLine]]) -> dict[int, int]:
    large = {line.sku_id for some in lines.values() for line in some if line.sku_id and line.quantity >= UNUSUAL_FROM}
    if not large:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_USUAL, [sorted(large)])
        return {sku_id: quantity for sku_id, quantity in cursor.fetchall() if quantity is not None}


def _duplicates(order_ids: Sequence[int]) -> dict[int, list[DuplicateCandidate]]:
    found: dict[int, list[DuplicateCandidate]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DUPLICATES, [list(order_ids)])
        for order_id, other_id, number, external_id, placed_at, status in cursor.fetchall():
            found[order_id].append(
                DuplicateCandidate(other_id, number, external_id, placed_at, status == OrderStatus.CANCELLED)
            )
    return found

"""The statements that write a batch of new orders and the messages they came in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from core.actor import Actor
from core.audit.services import AuditRow, record_many
from core.copying import NULL
from core.db import EncodedJson, copy_texts, insert_rows, insert_statement, update_rows
from core.phones import parse_phone
from core.prepared import prepared
from crm.services import CustomerDraft, match_customers
from inventory.rules.stock import SkuRef
from inventory.selectors import resolve_skus
from orders.codes import ORDER_SUBJECT, order_number
from orders.enums import IntakeOutcome, IntakeSource, OrderStatus
from orders.models import Channel, IntakeMessage, Order, OrderHistory, OrderLine
from orders.rules.duplicate_key import duplicate_key
from orders.schema import CanonicalOrder
from orders.services.intake_entries import Entry

CONTENT_COLUMNS = (
    "display_number",
    "payment_status", "payment_method", "payment_reference", "paid_at",
    "currency", "items_total", "shipping_fee", "discount", "tax", "total", "line_count", "unit_count",
    "buyer_name", "buyer_email", "buyer_phone",
    "ship_name", "ship_phone", "ship_phone_e164", "ship_country", "ship_province", "ship_city",
    "ship_district", "ship_street", "ship_postal_code",
    "buyer_note", "ship_by", "tags", "placed_at", "duplicate_key",
)  # fmt: skip
_ORDER_COLUMNS = (
    "id", "number", "channel_id", "external_id", "customer_id", "status", "received_at", "cancelled_at",
    "validate_due_at", "open_hold_count", "payload_sha256", "channel_updated_at", "version", *CONTENT_COLUMNS,
)  # fmt: skip
LINE_COLUMNS = (
    "order_id", "position", "external_id", "external_sku", "sku_id", "name", "quantity", "unit_price",
    "discount", "tax", "total",
)  # fmt: skip
_HISTORY_COLUMNS = ("order_id", "at", "from_status", "to_status", "actor_id", "actor_label", "reason")
_MESSAGE_COLUMNS = (
    "channel_id", "source", "external_id", "content_sha256", "raw", "outcome", "errors", "order_id",
    "received_at", "last_seen_at", "seen_count", "actor_label",
)  # fmt: skip
# What every line has of its own, and what equal lines have in common (CanonicalLine.copied).
_COPY_COLUMNS = (
    "order_id", "position", "sku_id",
    "external_id", "external_sku", "name", "quantity", "unit_price", "discount", "tax", "total",
)  # fmt: skip
# From here on COPY, at half the work for each line, is worth a statement of its own.
COPY_FROM_LINES = 500
_CREATE = """
WITH written AS ({orders} ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id, external_id, number),
     {children}
SELECT external_id, id, number FROM written
"""
_MERGE_MESSAGE = """
ON CONFLICT (channel_id, external_id, content_sha256) DO UPDATE SET
    last_seen_at = excluded.last_seen_at,
    seen_count = orders_intakemessage.seen_count + excluded.seen_count,
    {raw}
    order_id = COALESCE(excluded.order_id, orders_intakemessage.order_id),
    outcome = CASE WHEN excluded.outcome = 'duplicate' THEN orders_intakemessage.outcome ELSE excluded.outcome END,
    errors = CASE WHEN excluded.outcome = 'duplicate' THEN orders_intakemessage.errors ELSE excluded.errors END
"""


def create_orders(
    channel: Channel,
    entries: Sequence[Entry],
    ids: Mapping[str, int],
    *,
    actor: Actor,
    at: datetime,
    catch_up: Callable[[], bool],
) -> dict[str, tuple[int, str]]:
    """Write new orders with lines, history and audit; `ids` are reserved ids by external id.

    `catch_up` is called when lines have been copied, for which nobody waits, and nothing else has been written.

    Returns {external id: (order id, number)} of those written. An order that another transaction wrote in the
    meantime is left out, and nothing of it is written: the unique index decides, and entries come in the order
    of their external ids, so that two batches wait for each other and never in a circle.
    """
    orders = [entry.canonical for entry in entries]
    if not orders:
        return {}
    refs = resolve_skus(channel.code, {line.sku for order in orders for line in order.lines})
    are_copied = sum(len(order.lines) for order in orders) >= COPY_FROM_LINES
    if are_copied:
        _copy_lines(orders, ids, refs)
    drafts = [customer_draft(order) for order in orders]
    catch_up()
    customers = match_customers(channel.code, drafts, at=at)
    rows, history = [], []
    for entry, order, customer_id in zip(entries, orders, customers, strict=True):
        order_id = ids[entry.external_id]
        rows.append(_order_row(channel.pk, order_id, customer_id, entry, order, refs, at))
        history.append((order_id, at, "", _status(order), actor.user_id, actor.label[:120], ""))
    lines = [] if are_copied else [v for order in orders for v in line_values(ids[order.external_id], order, refs)]
    written = _insert(rows, history, lines)
    if are_copied:
        _take_back_lines([ids[order.external_id] for order in orders if order.external_id not in written])
    _audit(entries, written, actor)
    return written


def _audit(entries: Sequence[Entry], written: Mapping[str, tuple[int, str]], actor: Actor) -> None:
    requests = {entry.external_id: entry.request_id for entry in entries}
    record_many(
        [
            AuditRow("orders.received", actor, ORDER_SUBJECT, order_id, number, request_id=requests[external_id])
            for external_id, (order_id, number) in written.items()
        ]
    )


def _insert(
    orders: Sequence[tuple[Any, ...]], history: Sequence[tuple[Any, ...]], lines: Sequence[tuple[Any, ...]]
) -> dict[str, tuple[int, str]]:
    """One statement: the children of an order that lost its race never come into being.

    `lines` is empty where they have been copied already.
    """
    mine = "WHERE u.order_id IN (SELECT id FROM written)"
    order_sql, params = insert_statement(Order, _ORDER_COLUMNS, orders)
    history_sql, more = insert_statement(OrderHistory, _HISTORY_COLUMNS, history, where=mine)
    children, params = f"history AS ({history_sql})", [*params, *more]
    if lines:
        line_sql, more = insert_statement(OrderLine, LINE_COLUMNS, lines, where=mine)
        children, params = f"{children}, lines AS ({line_sql})", [*params, *more]
    with connection.cursor() as cursor:
        prepared(_CREATE.format(orders=order_sql, children=children)).execute(cursor, params)
        return {external_id: (order_id, number) for external_id, order_id, number in cursor.fetchall()}


def _copy_lines(orders: Iterable[CanonicalOrder], ids: Mapping[str, int], refs: Mapping[str, SkuRef]) -> None:
    """Copy the lines, which nobody waits for, before their orders; they belong together at the commit only."""
    skus = {code: str(ref.id) for code, ref in refs.items()}
    copy_texts(
        OrderLine,
        _COPY_COLUMNS,
        [
            f"{order_id}\t{position}\t{skus.get(line.sku, NULL)}\t{line.copied}"
            for order_id, order in ((ids[order.external_id], order) for order in orders)
            for position, line in enumerate(order.lines, start=1)
        ],
    )


def _take_back_lines(order_ids: Sequence[int]) -> None:
    """Delete the lines of orders that lost their race; nobody else has seen them."""
    if order_ids:
        OrderLine.objects.filter(order_id__in=order_ids).delete()


def _status(order: CanonicalOrder) -> OrderStatus:
    return OrderStatus.CANCELLED if order.is_cancelled else OrderStatus.PENDING_REVIEW


def _order_row(
    channel_id: int,
    order_id: int,
    customer_id: int,
    entry: Entry,
    order: CanonicalOrder,
    refs: Mapping[str, SkuRef],
    at: datetime,
) -> tuple[Any, ...]:
    cancelled = order.is_cancelled
    return (
        order_id, order_number(order_id), channel_id, order.external_id, customer_id, _status(order), at,
        (order.cancelled_at or at) if cancelled else None, None if cancelled else at,
        0, entry.content, order.updated_at, 1,
        *content_values(order, customer_id, refs),
    )  # fmt: skip


def content_values(order: CanonicalOrder, customer_id: int, refs: Mapping[str, SkuRef]) -> tuple[Any, ...]:
    """The values of CONTENT_COLUMNS."""
    customer, address, payment = order.customer, order.shipping_address, order.payment
    phone = parse_phone(address.phone, address.country).e164 or "" if address.phone else ""
    return (
        order.display_number,
        payment.status, payment.method, payment.reference, payment.paid_at,
        order.currency, order.items_total, order.shipping_fee, order.discount, order.tax, order.total,
        len(order.lines), order.unit_count,
        customer.name, customer.email, customer.phone,
        address.name, address.phone, phone, address.country, address.province, address.city,
        address.district, address.street, address.postal_code,
        order.buyer_note, order.ship_by, list(order.tags), order.placed_at,
        duplicate_key(customer_id, _goods(order, refs), address),
    )  # fmt: skip


def _goods(order: CanonicalOrder, refs: Mapping[str, SkuRef]) -> list[tuple[str, int]]:
    return [(refs[line.sku].code if line.sku in refs else line.sku, line.quantity) for line in order.lines]


def line_values(order_id: int, order: CanonicalOrder, refs: Mapping[str, SkuRef]) -> list[tuple[Any, ...]]:
    """The rows of LINE_COLUMNS of one order."""
    return [
        (
            order_id, position, line.external_id, line.sku, refs[line.sku].id if line.sku in refs else None,
            line.name, line.quantity, line.unit_price, line.discount, line.tax, line.total,
        )
        for position, line in enumerate(order.lines, start=1)
    ]  # fmt: skip


def customer_draft(order: CanonicalOrder) -> CustomerDraft:
    """The buyer as crm matches customers.

    Marketplaces often give no buyer beside the recipient; then the recipient is the buyer.
    """
    customer, address = order.customer, order.shipping_address
    is_recipient = not customer.email and customer.name in ("", address.name)
    return CustomerDraft(
        external_id=customer.external_id,
        name=customer.name or address.name,
        email=customer.email,
        phone=customer.phone or (address.phone if is_recipient else ""),
        country=address.country,
        address=address,
    )


def note_newer_versions(newer: Mapping[int, datetime]) -> None:
    """Remember {order id: the channel's time} of messages that changed nothing but were newer."""
    update_rows(Order, "id", ("channel_updated_at",), sorted(newer.items()))


def keep_messages(
    channel: Channel,
    entries: Sequence[Entry],
    *,
    source: IntakeSource,
    actor: Actor,
    at: datetime,
    replace_raw: bool,
) -> None:
    """Keep the messages; one that was seen before is counted. Rows go in the order of their key."""
    grouped: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        grouped.setdefault((entry.external_id, entry.sha256), []).append(entry)
    rows = []
    for (external_id, sha256), same in sorted(grouped.items()):
        entry = next((e for e in same if e.outcome != IntakeOutcome.DUPLICATE), same[0])
        rows.append(
            (
                channel.pk, source, external_id, sha256, EncodedJson(entry.raw), entry.outcome, entry.errors,
                entry.order_id, at, at, len(same), actor.label[:120],
            )
        )  # fmt: skip
    raw = "raw = excluded.raw," if replace_raw else ""
    insert_rows(IntakeMessage, _MESSAGE_COLUMNS, rows, on_conflict=_MERGE_MESSAGE.format(raw=raw))

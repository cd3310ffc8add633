"""Orders and their parts as a person may see them. Scopes hold here, so they hold everywhere."""

from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from core.accounts.selectors import is_limited, scope_ids
from core.exceptions import NotFound
from core.kept import KeptQuery
from orders.models import (
    Channel,
    Finding,
    FulfilmentLine,
    FulfilmentOrder,
    IntakeMessage,
    Order,
    OrderHistory,
    OrderLine,
)

M = TypeVar("M", bound=Model)
NEWEST_STEPS = 200
NEWEST_MESSAGES = 10


def channels_for(user: Any) -> QuerySet[Channel]:
    """The channels that a person may see."""
    channel_ids = scope_ids(user, "channel")
    channels = Channel.objects.all()
    return channels if channel_ids is None else channels.filter(pk__in=channel_ids)


def orders_for(user: Any) -> QuerySet[Order]:
    """The orders that a person may see: by channel, and for warehouse people by where parts of it go."""
    orders = Order.objects.all()
    channel_ids = scope_ids(user, "channel")
    if channel_ids is not None:
        orders = orders.filter(channel_id__in=channel_ids)
    warehouse_ids = scope_ids(user, "warehouse")
    if warehouse_ids is not None:
        sent_from = FulfilmentOrder.objects.filter(warehouse_id__in=warehouse_ids)
        orders = orders.filter(pk__in=sent_from.values("order_id"))
    return orders


def of_orders_for(user: Any, rows: QuerySet[M], order: str = "order") -> QuerySet[M]:
    """The rows whose order (the lookup `order` leads to it) a person may see."""
    if scope_ids(user, "channel") is None and scope_ids(user, "warehouse") is None:
        return rows
    return rows.filter(**{f"{order}__in": orders_for(user)})


def order_for_page(user: Any, order_id: int) -> Order | None:
    """One of orders_for_page(); None for one that is absent or out of scope."""
    if is_limited(user):
        return orders_for_page(user).filter(pk=order_id).first()
    return next(iter(_ORDER_FOR_PAGE.fetch(order=order_id)), None)


def orders_for_page(user: Any) -> QuerySet[Order]:
    """The orders that a person may see, each with channel and customer and, read in the same statement:

    `found`: what validation found, {id, code, severity, field, params, expected, suggestion} each;
    `steps`: the newest changes of status, {at, to_status, reason, actor_label, fulfilment} each (the fulfilment
    order's number; the first status isn't among them), newest first;
    `newest_messages`: what the channel sent, {id, source, outcome, received_at, seen_count} each, newest first.
    Instants are texts (ISO 8601).
    """
    return _with_history(orders_for(user))


def _with_history(orders: QuerySet[Order]) -> QuerySet[Order]:
    of_order = {"order": OuterRef("pk")}
    findings = Finding.objects.filter(**of_order).order_by("id")
    steps = OrderHistory.objects.filter(**of_order).exclude(fulfilment=None, from_status="").order_by("-id")
    messages = IntakeMessage.objects.filter(**of_order).order_by("-received_at")
    return orders.select_related("channel", "customer").annotate(
        found=_rows(findings, "id", "code", "severity", "field", "params", "expected", "suggestion"),
        steps=_rows(steps[:NEWEST_STEPS], "at", "to_status", "reason", "actor_label", fulfilment="fulfilment__number"),
        newest_messages=_rows(messages[:NEWEST_MESSAGES], "id", "source", "outcome", "received_at", "seen_count"),
    )


def _rows(queryset: QuerySet[Any], *names: str, **paths: str) -> ArraySubquery:
    """A list of objects with these fields, read within another statement."""
    return ArraySubquery(queryset.values(row=JSONObject(**{name: name for name in names}, **paths)))


_ORDER_FOR_PAGE = KeptQuery(lambda order: _with_history(Order.objects.filter(pk=order)), order="bigint")


def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines in their order, each with its SKU."""
    return _LINES.fetch(order=order.pk)


_LINES = KeptQuery(lambda order: OrderLine.objects.filter(order=order).select_related("sku"), order="bigint")


def fulfilments_with_lines(order: Order) -> list[FulfilmentOrder]:
    """The order's fulfilment orders, oldest first; `contents` lists {quantity, code, name} of each one's lines."""
    return _FULFILMENTS.fetch(order=order.pk)


def _fulfilments_of(order: Any) -> QuerySet[FulfilmentOrder]:
    lines = FulfilmentLine.objects.filter(fulfilment=OuterRef("pk")).order_by("pk")
    contents = _rows(lines, "quantity", code="sku__code", name="sku__name")
    found = FulfilmentOrder.objects.filter(order=order).select_related("warehouse", "picker")
    return found.annotate(contents=contents).order_by("pk")


_FULFILMENTS = KeptQuery(_fulfilments_of, order="bigint")


def get_order_for(user: Any, order_id: int) -> Order:
    """One order by id. Raises NotFound for one that is absent or out of scope, without telling which."""
    order = orders_for(user).select_related("channel", "customer").filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def fulfilments_for(user: Any) -> QuerySet[FulfilmentOrder]:
    """The fulfilment orders that a person may see, by channel and warehouse."""
    fulfilments = FulfilmentOrder.objects.select_related("order", "warehouse")
    channel_ids = scope_ids(user, "channel")
    if channel_ids is not None:
        fulfilments = fulfilments.filter(order__channel_id__in=channel_ids)
    warehouse_ids = scope_ids(user, "warehouse")
    if warehouse_ids is not None:
        fulfilments = fulfilments.filter(warehouse_id__in=warehouse_ids)
    return fulfilments

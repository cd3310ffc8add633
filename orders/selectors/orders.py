"""Orders and their parts as a person may see them. Scopes hold here, so they hold everywhere."""

from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Model, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from core.accounts.selectors import scope_ids
from core.exceptions import NotFound
from orders.models import Channel, Finding, FulfilmentLine, FulfilmentOrder, Order

M = TypeVar("M", bound=Model)


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


def orders_with_findings(user: Any) -> QuerySet[Order]:
    """The orders that a person may see, each with channel, customer and what validation found.

    `found` is a list of {id, code, severity, field, params, expected, suggestion}, read in the same statement.
    """
    findings = Finding.objects.filter(order=OuterRef("pk")).order_by("id")
    columns = ("id", "code", "severity", "field", "params", "expected", "suggestion")
    found = ArraySubquery(findings.values(row=JSONObject(**{name: name for name in columns})))
    return orders_for(user).select_related("channel", "customer").annotate(found=found)


def fulfilments_with_lines(order: Order) -> QuerySet[FulfilmentOrder]:
    """The order's fulfilment orders, oldest first; `contents` lists {quantity, code, name} of each one's lines."""
    lines = FulfilmentLine.objects.filter(fulfilment=OuterRef("pk")).order_by("pk")
    contents = ArraySubquery(lines.values(row=JSONObject(quantity="quantity", code="sku__code", name="sku__name")))
    return order.fulfilments.select_related("warehouse", "picker").annotate(contents=contents).order_by("pk")


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

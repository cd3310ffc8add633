"""How inventory shows who holds or waits for stock: the order behind a fulfilment line or an order line."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from inventory.documents import DocumentLink
from orders.models import FulfilmentLine, OrderLine
from orders.selectors.orders import orders_for


def find_fulfilment_lines(user: Any, ids: Sequence[int]) -> Mapping[int, DocumentLink]:
    """{fulfilment line: its order}."""
    lines = FulfilmentLine.objects.filter(pk__in=ids)
    return _links(user, lines.values_list("pk", "fulfilment__order_id", "fulfilment__order__number"))


def find_order_lines(user: Any, ids: Sequence[int]) -> Mapping[int, DocumentLink]:
    """{order line: its order}."""
    return _links(user, OrderLine.objects.filter(pk__in=ids).values_list("pk", "order_id", "order__number"))


def _links(user: Any, rows: Any) -> Mapping[int, DocumentLink]:
    found = list(rows)
    visible = set(orders_for(user).filter(pk__in={row[1] for row in found}).values_list("pk", flat=True))
    return {
        pk: DocumentLink(number, reverse("orders:order_detail", args=[order_id]))
        if order_id in visible
        else DocumentLink(gettext("an order you can't see"))
        for pk, order_id, number in found
    }

"""What waits at the order desk now."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ui.counting import capped_count, count_label
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order
from orders.selectors.orders import orders_for


@dataclass(frozen=True, slots=True)
class Figure:
    """A count with the list that shows its rows."""

    label: str | Promise
    value: str
    url: str


def desk_figures(user: Any) -> list[Figure]:
    """Counts of what waits for a person, each capped so that a large table costs no more than a small one."""
    orders = orders_for(user)
    waiting = FulfilmentOrder.objects.filter(status=FulfilmentStatus.BACKORDERED)
    return [
        _figure(_("In review"), orders.filter(status=OrderStatus.PENDING_REVIEW), "status=pending_review&view=review"),
        _figure(_("On hold"), orders.filter(open_hold_count__gt=0), "on_hold=true&view=held"),
        _figure(
            _("Awaiting payment"),
            orders.filter(status=OrderStatus.PENDING_PAYMENT),
            "status=pending_payment&view=unpaid",
        ),
        _figure(
            _("Waiting for stock"),
            orders.filter(pk__in=waiting.values("order_id")),
            "backordered=true&view=backordered",
        ),
    ]


def _figure(label: Promise, orders: QuerySet[Order], query: str) -> Figure:
    return Figure(label, count_label(capped_count(orders)), f"{reverse('orders:order_list')}?{query}")

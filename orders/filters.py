"""Filters of the order list; each condition is one that an index answers."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.countries import country_code
from core.ui.filters import ConsoleFilterSet
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus, PaymentStatus
from orders.models import Channel, Hold, Order
from orders.models.orders import REFUND_DUE
from orders.selectors.search import matching_orders


class OrderFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search", label=_("Number, customer, phone, e-mail or tracking number"))
    status = django_filters.MultipleChoiceFilter(choices=OrderStatus.choices, label=_("Status"), distinct=False)
    channel = django_filters.ModelMultipleChoiceFilter(
        queryset=Channel.objects.all(), label=_("Channel"), distinct=False
    )
    payment_status = django_filters.MultipleChoiceFilter(
        choices=PaymentStatus.choices, label=_("Payment"), distinct=False
    )
    hold = django_filters.MultipleChoiceFilter(choices=HoldReason.choices, method="held_for", label=_("On hold for"))
    on_hold = django_filters.BooleanFilter(method="held", label=_("On hold"))
    refund_due = django_filters.BooleanFilter(method="owed", label=_("Refund due"))
    backordered = django_filters.BooleanFilter(method="waiting_for_stock", label=_("Waiting for stock"))
    ship_country = django_filters.CharFilter(method="to_country", label=_("Country (name or code)"))
    received_at = django_filters.DateFromToRangeFilter(label=pgettext_lazy("time of a message", "Received"))
    placed_at = django_filters.DateFromToRangeFilter(label=_("Placed"))

    class Meta:
        model = Order
        fields: list[str] = []

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def search(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return matching_orders(queryset, value, self.user)

    def to_country(self, queryset: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return queryset.filter(ship_country=country_code(value) or value)

    def held_for(self, queryset: QuerySet[Order], name: str, value: list[str]) -> QuerySet[Order]:
        if not value:
            return queryset
        holds = Hold.objects.filter(released_at=None, reason__in=value)
        return queryset.filter(open_hold_count__gt=0, pk__in=holds.values("order_id"))

    def held(self, queryset: QuerySet[Order], name: str, value: bool) -> QuerySet[Order]:
        return queryset.filter(open_hold_count__gt=0) if value else queryset.filter(open_hold_count=0)

    def owed(self, queryset: QuerySet[Order], name: str, value: bool) -> QuerySet[Order]:
        return queryset.filter(REFUND_DUE) if value else queryset.exclude(REFUND_DUE)

    def waiting_for_stock(self, queryset: QuerySet[Order], name: str, value: Any) -> QuerySet[Order]:
        waiting = Q(fulfilments__status=FulfilmentStatus.BACKORDERED)
        return queryset.filter(waiting) if value else queryset.exclude(waiting)

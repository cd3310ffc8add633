"""Filters of the warehouse's and the shipping lists."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.countries import country_code
from core.ui.filters import ConsoleFilterSet
from inventory.models import Warehouse
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, Shipment
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder


def _carriers() -> list[tuple[int, str]]:
    return [(carrier.pk, carrier.local_name) for carrier in Carrier.objects.all()]


class FulfilmentFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search", label=_("Number"))
    status = django_filters.MultipleChoiceFilter(choices=FulfilmentStatus.choices, label=_("Status"))
    warehouse = django_filters.ModelMultipleChoiceFilter(queryset=Warehouse.objects.all(), label=_("Warehouse"))
    labelled = django_filters.BooleanFilter(method="has_label", label=_("With label"))

    class Meta:
        model = FulfilmentOrder
        fields: list[str] = []

    def search(self, queryset: QuerySet[FulfilmentOrder], name: str, value: str) -> QuerySet[FulfilmentOrder]:
        return queryset.filter(number__startswith=value.strip().upper())

    def has_label(self, queryset: QuerySet[FulfilmentOrder], name: str, value: bool) -> QuerySet[FulfilmentOrder]:
        labelled = Q(pk__in=Shipment.objects.filter(status=ShipmentStatus.LABEL_CREATED).values("fulfilment_id"))
        return queryset.filter(labelled) if value else queryset.exclude(labelled)


class ShipmentFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search", label=_("Tracking or order number"))
    status = django_filters.MultipleChoiceFilter(choices=ShipmentStatus.choices, label=_("Status"))
    carrier = django_filters.MultipleChoiceFilter(choices=_carriers, label=_("Carrier"), distinct=False)
    warehouse = django_filters.ModelMultipleChoiceFilter(queryset=Warehouse.objects.all(), label=_("Warehouse"))
    destination_country = django_filters.CharFilter(method="to_country", label=_("Country (name or code)"))
    settled = django_filters.BooleanFilter(
        field_name="problem_settled_at", lookup_expr="isnull", exclude=True, label=_("Problem settled")
    )

    class Meta:
        model = Shipment
        fields: list[str] = []

    def to_country(self, queryset: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        return queryset.filter(destination_country=country_code(value) or value)

    def search(self, queryset: QuerySet[Shipment], name: str, value: str) -> QuerySet[Shipment]:
        text = value.strip().upper()
        return queryset.filter(
            Q(tracking_number__startswith=text) | Q(number__startswith=text) | Q(order__number__startswith=text)
        )

"""Filters of the inventory lists."""

from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ui.filters import ConsoleFilterSet
from inventory.enums import MovementKind, ReservationState, SkuStatus, StockBucket
from inventory.models import Product, Reservation, Sku, StockLevel, StockMovement, Warehouse
from inventory.selectors import matching_skus

AVAILABILITY = [
    ("out", _("Out of stock")),
    ("low", pgettext_lazy("stock", "Low")),
    ("below", _("Below safety stock")),
    ("in", _("In stock")),
    ("incoming", _("On the way")),
]


class WarehouseFilter(ConsoleFilterSet):
    """Base of the lists whose rows belong to a warehouse; the list offers those that the user may see."""

    q = django_filters.CharFilter(method="search")
    warehouse = django_filters.ModelChoiceFilter(label=_("Warehouse"), queryset=Warehouse.objects.none())

    def offer(self, warehouses: QuerySet[Warehouse]) -> None:
        """Set the choices of the warehouse filter."""
        self.filters["warehouse"].queryset = warehouses

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(sku__in=matching_skus(value))


class SkuFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=SkuStatus.choices)
    category = django_filters.CharFilter(label=_("Category"), field_name="product__category")
    is_stocked = django_filters.BooleanFilter(label=_("Kept in stock"))

    class Meta:
        model = Sku
        fields = ()

    def search(self, queryset: QuerySet[Sku], name: str, value: str) -> QuerySet[Sku]:
        return queryset.filter(pk__in=matching_skus(value))


class ProductFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")
    category = django_filters.CharFilter(label=_("Category"))
    is_active = django_filters.BooleanFilter(label=_("Active"))

    class Meta:
        model = Product
        fields = ()

    def search(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return queryset.filter(Q(pk__in=matching_skus(value).values("product_id")) | Q(code__iexact=value))


class StockLevelFilter(WarehouseFilter):
    availability = django_filters.ChoiceFilter(label=_("Availability"), choices=AVAILABILITY, method="by_availability")

    class Meta:
        model = StockLevel
        fields = ()

    def by_availability(
        self,
        queryset: QuerySet[StockLevel],
        name: str,
        value: str,
    ) -> QuerySet[StockLevel]:
        """Low: something is left, but no more than the safety stock again."""
        conditions: dict[str, dict[str, Any]] = {
            "out": {"available__lte": 0},
            "low": {"available__gt": 0, "available__lte": F("safety")},
            "below": {"available__lt": 0},
            "in": {"available__gt": 0},
            "incoming": {"incoming__gt": 0},
        }
        return queryset.filter(**conditions[value])


class StockMovementFilter(WarehouseFilter):
    kind = django_filters.MultipleChoiceFilter(label=_("Kind"), choices=MovementKind.choices)
    bucket = django_filters.ChoiceFilter(label=_("Quantity"), choices=StockBucket.choices)

    class Meta:
        model = StockMovement
        fields = ()


class ReservationFilter(WarehouseFilter):
    state = django_filters.ChoiceFilter(label=_("State"), choices=ReservationState.choices)

    class Meta:
        model = Reservation
        fields = ()

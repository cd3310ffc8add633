"""Filters of the purchasing lists."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.ui.filters import ConsoleFilterSet
from inventory.models import Sku
from inventory.selectors import matching_skus
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import GoodsReceipt, PurchaseOrder, Supplier


class SupplierFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")
    is_active = django_filters.BooleanFilter(label=_("Active"))

    class Meta:
        model = Supplier
        fields = ()

    def search(self, queryset: QuerySet[Supplier], name: str, value: str) -> QuerySet[Supplier]:
        return queryset.filter(Q(name__icontains=value) | Q(code__istartswith=value))


class PurchaseOrderFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=PurchaseOrderStatus.choices)
    supplier = django_filters.ModelChoiceFilter(label=_("Supplier"), queryset=Supplier.objects.all())
    expected_on = django_filters.DateFromToRangeFilter(label=_("Expected"))

    class Meta:
        model = PurchaseOrder
        fields = ()

    def search(self, queryset: QuerySet[PurchaseOrder], name: str, value: str) -> QuerySet[PurchaseOrder]:
        """By number, the supplier's reference, or a SKU on the order."""
        own = Q(number__iexact=value) | Q(supplier_reference__iexact=value)
        return queryset.filter(own | Q(pk__in=_orders_with(value)))


class GoodsReceiptFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")

    class Meta:
        model = GoodsReceipt
        fields = ()

    def search(self, queryset: QuerySet[GoodsReceipt], name: str, value: str) -> QuerySet[GoodsReceipt]:
        words = {"number", "delivery_note", "order__number"}
        return queryset.filter(Q(*((f"{word}__iexact", value) for word in sorted(words)), _connector=Q.OR))


class ShortageFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search")
    short = django_filters.BooleanFilter(label=_("Still to be ordered"), method="still_short")

    class Meta:
        model = Sku
        fields = ()

    def search(self, queryset: QuerySet[Sku], name: str, value: str) -> QuerySet[Sku]:
        return queryset.filter(pk__in=matching_skus(value))

    def still_short(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return queryset.filter(short__gt=0) if value else queryset.filter(short__lte=0)


def _orders_with(text: str) -> QuerySet[PurchaseOrder, Any]:
    return PurchaseOrder.objects.filter(lines__sku__in=matching_skus(text)).values("pk")

"""Catalogue and stock in Django's admin: master data to edit; ledger, levels and reservations to read."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.accounts.models import User
from core.actor import Actor
from core.admin import KeptAdmin, LargeTableAdmin, ReadOnlyAdmin
from core.audit.admin import AuditedAdmin
from inventory import services
from inventory.enums import SkuStatus
from inventory.forms import SkuCodeForm, WarehouseForm
from inventory.locks import lock_catalogue
from inventory.models import (
    Product,
    Reservation,
    Sku,
    SkuAlias,
    SkuBarcode,
    StockDemand,
    StockLevel,
    StockMovement,
    Warehouse,
)
from inventory.selectors import levels_for, movements_for, reservations_for, warehouses_for

M = TypeVar("M", bound=Model)


class SkuBarcodeInline(admin.TabularInline[SkuBarcode, Sku]):
    model = SkuBarcode
    extra = 0


class SkuAliasInline(admin.TabularInline[SkuAlias, Sku]):
    model = SkuAlias
    extra = 0


class CatalogueAdmin(AuditedAdmin[M], LargeTableAdmin[M]):
    """What imports write as well, which can't be asked again when they collide with a form."""

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        lock_catalogue()
        super().save_model(request, obj, form, change)


@admin.register(Product)
class ProductAdmin(CatalogueAdmin[Product], KeptAdmin[Product]):
    list_display = ("code", "name", "name_zh", "category", "brand", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code__istartswith", "name__icontains", "name_zh__icontains")


@admin.register(Sku)
class SkuAdmin(CatalogueAdmin[Sku], KeptAdmin[Sku]):
    form = SkuCodeForm
    list_display = ("code", "name", "product", "status", "is_stocked", "unit_price", "currency", "bin_location")
    list_filter = ("status", "is_stocked", "currency")
    list_select_related = ("product",)
    search_fields = ("code__istartswith", "name__icontains", "barcodes__gtin__exact")
    autocomplete_fields = ("product",)
    inlines = (SkuBarcodeInline, SkuAliasInline)
    actions = ("activate", "deactivate")

    @admin.action(description=_("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Sku]) -> None:
        self._set_status(request, queryset, SkuStatus.ACTIVE)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Sku]) -> None:
        self._set_status(request, queryset, SkuStatus.INACTIVE)

    def _set_status(self, request: HttpRequest, queryset: QuerySet[Sku], status: SkuStatus) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        actor = Actor.for_user(request.user) if isinstance(request.user, User) else None
        if actor is not None:
            count = services.set_sku_status(sku_ids=ids, status=status, actor=actor)
            text = ngettext("%(count)d SKU changed.", "%(count)d SKUs changed.", count) % {"count": count}
            messages.success(request, text)


@admin.register(SkuBarcode)
class SkuBarcodeAdmin(CatalogueAdmin[SkuBarcode]):
    list_display = ("gtin", "sku")
    list_select_related = ("sku",)
    search_fields = ("gtin__exact", "sku__code__istartswith")
    autocomplete_fields = ("sku",)


@admin.register(SkuAlias)
class SkuAliasAdmin(CatalogueAdmin[SkuAlias]):
    list_display = ("external_sku", "source", "sku")
    list_filter = ("source",)
    list_select_related = ("sku",)
    search_fields = ("external_sku__istartswith", "sku__code__istartswith")
    autocomplete_fields = ("sku",)


@admin.register(Warehouse)
class WarehouseAdmin(AuditedAdmin[Warehouse], KeptAdmin[Warehouse]):
    form = WarehouseForm
    list_display = ("code", "name", "city", "country", "priority", "cut_off", "is_active")
    list_filter = ("is_active", "country")
    search_fields = ("code", "name", "city")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Warehouse]:
        return warehouses_for(request.user)


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin[StockLevel]):
    list_display = ("sku", "warehouse", "available", "on_hand", "reserved", "safety", "incoming", "damaged")
    list_filter = ("warehouse",)
    list_select_related = ("sku", "warehouse")
    search_fields = ("sku__code__istartswith",)
    search_help_text = _("Beginning of a SKU code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockLevel]:
        return levels_for(request.user)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin[StockMovement]):
    list_display = ("occurred_at", "sku", "warehouse", "kind", "bucket", "quantity", "reason", "actor")
    list_filter = ("warehouse", "kind", "bucket")
    list_select_related = ("sku", "warehouse", "actor")
    ordering = ("-id",)
    search_fields = ("sku__code__istartswith",)
    search_help_text = _("Beginning of a SKU code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        return movements_for(request.user)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    list_display = ("sku", "warehouse", "quantity", "state", "document", "document_id", "created_at")
    list_filter = ("warehouse", "state")
    list_select_related = ("sku", "warehouse")
    ordering = ("-id",)
    search_fields = ("sku__code__istartswith", "document_id__exact")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reservation]:
        return reservations_for(request.user)


@admin.register(StockDemand)
class StockDemandAdmin(ReadOnlyAdmin[StockDemand]):
    list_display = ("sku", "quantity", "document", "document_id", "since")
    list_select_related = ("sku",)
    ordering = ("-id",)
    search_fields = ("sku__code__istartswith",)

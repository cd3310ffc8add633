"""Purchasing in Django's admin: suppliers to edit, documents to read."""

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.accounts.selectors import is_limited
from core.admin import KeptAdmin, LargeTableAdmin, ReadOnlyAdmin
from core.audit.admin import AuditedAdmin
from supply_chain.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
    ReceivingCount,
    Supplier,
    SupplierSku,
)
from supply_chain.selectors import orders_for, receipts_for

M = TypeVar("M", bound=Model)


class PartOfOrderAdmin(ReadOnlyAdmin[M]):
    """Rows that belong to a purchase order (`order_path` leads to it) that the person may see."""

    order_path = "order"

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        rows = super().get_queryset(request)
        orders = orders_for(request.user)
        return rows.filter(**{f"{self.order_path}__in": orders}) if is_limited(request.user) else rows


class PurchaseOrderLineInline(admin.TabularInline[PurchaseOrderLine, PurchaseOrder]):
    model = PurchaseOrderLine
    extra = 0
    can_delete = False
    autocomplete_fields = ("sku",)


class GoodsReceiptLineInline(admin.TabularInline[GoodsReceiptLine, GoodsReceipt]):
    model = GoodsReceiptLine
    extra = 0
    can_delete = False


@admin.register(Supplier)
class SupplierAdmin(AuditedAdmin[Supplier], KeptAdmin[Supplier]):
    list_display = ("code", "name", "country", "currency", "lead_time_days", "is_active")
    list_filter = ("is_active", "currency")
    search_fields = ("code", "name", "contact_name", "email")


@admin.register(SupplierSku)
class SupplierSkuAdmin(AuditedAdmin[SupplierSku], LargeTableAdmin[SupplierSku]):
    list_display = ("sku", "supplier", "supplier_code", "unit_cost", "moq", "pack_size", "is_preferred")
    list_filter = ("is_preferred",)
    list_select_related = ("sku", "supplier")
    search_fields = ("sku__code__istartswith", "supplier_code__istartswith", "supplier__name__icontains")
    autocomplete_fields = ("sku", "supplier")


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(ReadOnlyAdmin[PurchaseOrder]):
    list_display = ("number", "supplier", "warehouse", "status", "total", "currency", "expected_on")
    list_filter = ("status", "warehouse")
    list_select_related = ("supplier", "warehouse")
    search_fields = ("number__exact", "supplier_reference__exact", "supplier__name__icontains")
    inlines = (PurchaseOrderLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PurchaseOrder]:
        return orders_for(request.user)


@admin.register(PurchaseOrderLine)
class PurchaseOrderLineAdmin(PartOfOrderAdmin[PurchaseOrderLine]):
    list_display = ("order", "sku", "quantity", "received", "damaged", "unit_cost")
    list_select_related = ("order", "sku")
    search_fields = ("order__number__exact", "sku__code__istartswith")


@admin.register(GoodsReceipt)
class GoodsReceiptAdmin(ReadOnlyAdmin[GoodsReceipt]):
    list_display = ("number", "order", "delivery_note", "received_at", "received_by")
    list_select_related = ("order", "received_by")
    search_fields = ("number__exact", "order__number__exact", "delivery_note__exact")
    inlines = (GoodsReceiptLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GoodsReceipt]:
        return receipts_for(request.user)


@admin.register(GoodsReceiptLine)
class GoodsReceiptLineAdmin(PartOfOrderAdmin[GoodsReceiptLine]):
    order_path = "receipt__order"
    list_display = ("receipt", "order_line", "quantity", "damaged")
    list_select_related = ("receipt", "order_line")
    search_fields = ("receipt__number__exact",)


@admin.register(ReceivingCount)
class ReceivingCountAdmin(PartOfOrderAdmin[ReceivingCount]):
    order_path = "order_line__order"
    list_display = ("order_line", "quantity", "damaged")
    list_select_related = ("order_line",)
    search_fields = ("order_line__order__number__exact",)

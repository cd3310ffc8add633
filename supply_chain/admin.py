"""Purchasing in Django's admin: suppliers to edit, documents to read."""

from django.contrib import admin

from core.admin import LargeTableAdmin, ReadOnlyAdmin
from supply_chain.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
    ReceivingCount,
    Supplier,
    SupplierSku,
)


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
class SupplierAdmin(admin.ModelAdmin[Supplier]):
    list_display = ("code", "name", "country", "currency", "lead_time_days", "is_active")
    list_filter = ("is_active", "currency")
    search_fields = ("code", "name", "contact_name", "email")


@admin.register(SupplierSku)
class SupplierSkuAdmin(LargeTableAdmin[SupplierSku]):
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


@admin.register(PurchaseOrderLine)
class PurchaseOrderLineAdmin(ReadOnlyAdmin[PurchaseOrderLine]):
    list_display = ("order", "sku", "quantity", "received", "damaged", "unit_cost")
    list_select_related = ("order", "sku")
    search_fields = ("order__number__exact", "sku__code__istartswith")


@admin.register(GoodsReceipt)
class GoodsReceiptAdmin(ReadOnlyAdmin[GoodsReceipt]):
    list_display = ("number", "order", "delivery_note", "received_at", "received_by")
    list_select_related = ("order", "received_by")
    search_fields = ("number__exact", "order__number__exact", "delivery_note__exact")
    inlines = (GoodsReceiptLineInline,)


@admin.register(GoodsReceiptLine)
class GoodsReceiptLineAdmin(ReadOnlyAdmin[GoodsReceiptLine]):
    list_display = ("receipt", "order_line", "quantity", "damaged")
    list_select_related = ("receipt", "order_line")
    search_fields = ("receipt__number__exact",)


@admin.register(ReceivingCount)
class ReceivingCountAdmin(ReadOnlyAdmin[ReceivingCount]):
    list_display = ("order_line", "quantity", "damaged")
    list_select_related = ("order_line",)
    search_fields = ("order_line__order__number__exact",)

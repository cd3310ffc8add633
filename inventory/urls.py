"""Routes of catalogue and stock."""

from django.urls import path, re_path

from inventory.views import imports, products, skus, stock, warehouses

app_name = "inventory"

urlpatterns = [
    path("skus/", skus.SkuList.as_view(), name="sku_list"),
    path("skus/new/", skus.SkuCreate.as_view(), name="sku_create"),
    path("skus/lookup/", skus.SkuLookup.as_view(), name="sku_lookup"),
    path("skus/<int:pk>/", skus.SkuDetail.as_view(), name="sku_detail"),
    path("skus/<int:pk>/edit/", skus.SkuEdit.as_view(), name="sku_edit"),
    re_path(
        r"^skus/(?P<pk>\d+)/status/(?P<status>active|inactive|discontinued)/$",
        skus.SkuStatusAction.as_view(),
        name="sku_status",
    ),
    path("skus/<int:pk>/barcodes/new/", skus.BarcodeAdd.as_view(), name="barcode_add"),
    path("skus/<int:pk>/barcodes/<int:barcode_pk>/remove/", skus.BarcodeRemove.as_view(), name="barcode_remove"),
    path("skus/<int:pk>/aliases/new/", skus.AliasAdd.as_view(), name="alias_add"),
    path("skus/<int:pk>/aliases/<int:alias_pk>/remove/", skus.AliasRemove.as_view(), name="alias_remove"),
    path("products/", products.ProductList.as_view(), name="product_list"),
    path("products/<int:pk>/", products.ProductDetail.as_view(), name="product_detail"),
    path("products/<int:pk>/edit/", products.ProductEdit.as_view(), name="product_edit"),
    path("stock/", stock.StockLevelList.as_view(), name="level_list"),
    path("stock/adjust/", stock.StockAdjust.as_view(), name="stock_adjust"),
    path("stock/<int:pk>/safety/", stock.SafetyStock.as_view(), name="stock_safety"),
    path("ledger/", stock.StockMovementList.as_view(), name="movement_list"),
    path("reservations/", stock.ReservationList.as_view(), name="reservation_list"),
    path("warehouses/", warehouses.WarehouseList.as_view(), name="warehouse_list"),
    path("warehouses/new/", warehouses.WarehouseCreate.as_view(), name="warehouse_create"),
    path("warehouses/<int:pk>/", warehouses.WarehouseDetail.as_view(), name="warehouse_detail"),
    path("warehouses/<int:pk>/edit/", warehouses.WarehouseEdit.as_view(), name="warehouse_edit"),
    path("import/products/", imports.ProductImport.as_view(), name="import_products"),
    path("import/stock/", imports.StockImport.as_view(), name="import_stock"),
    re_path(
        r"^import/template/(?P<kind>import_products|import_stock)\.(?P<suffix>csv|xlsx)$",
        imports.ImportTemplate.as_view(),
        name="import_template",
    ),
]

"""Routes of purchasing."""

from django.urls import path

from supply_chain.views import orders, receiving, shortages, suppliers

app_name = "supply_chain"

urlpatterns = [
    path("shortages/", shortages.ShortageList.as_view(), name="shortage_list"),
    path("suppliers/", suppliers.SupplierList.as_view(), name="supplier_list"),
    path("suppliers/new/", suppliers.SupplierCreate.as_view(), name="supplier_create"),
    path("suppliers/<int:pk>/", suppliers.SupplierDetail.as_view(), name="supplier_detail"),
    path("suppliers/<int:pk>/edit/", suppliers.SupplierEdit.as_view(), name="supplier_edit"),
    path("suppliers/<int:pk>/offers/", suppliers.OfferSave.as_view(), name="offer_save"),
    path("suppliers/<int:pk>/offers/<int:offer_pk>/remove/", suppliers.OfferRemove.as_view(), name="offer_remove"),
    path("skus/<int:pk>/offer/", suppliers.SkuOffer.as_view(), name="sku_offer"),
    path("orders/", orders.PurchaseOrderList.as_view(), name="purchase_order_list"),
    path("orders/new/", orders.PurchaseOrderCreate.as_view(), name="purchase_order_create"),
    path("orders/<int:pk>/", orders.PurchaseOrderDetail.as_view(), name="purchase_order_detail"),
    path("orders/<int:pk>/to/<str:status>/", orders.PurchaseOrderStep.as_view(), name="purchase_order_step"),
    path("orders/<int:pk>/why/<str:status>/", orders.PurchaseOrderReason.as_view(), name="purchase_order_reason"),
    path("orders/<int:pk>/lines/", orders.LineSave.as_view(), name="line_save"),
    path("orders/<int:pk>/lines/<int:line_pk>/remove/", orders.LineRemove.as_view(), name="line_remove"),
    path("receipts/", orders.GoodsReceiptList.as_view(), name="receipt_list"),
    path("receiving/", receiving.ReceivingDesk.as_view(), name="receiving"),
    path("receiving/<int:pk>/", receiving.Receive.as_view(), name="receive"),
    path("receiving/<int:pk>/book/", receiving.ReceiveBook.as_view(), name="receive_book"),
]

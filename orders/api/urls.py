from django.urls import path, re_path

from orders.api import views, webhooks
from orders.api.errors import unknown

app_name = "orders_api"

urlpatterns = [
    path("api/v1/orders", views.receive_orders, name="orders"),
    path("api/v1/orders/<path:external_id>", views.order_status, name="order"),
    path("api/openapi.json", views.openapi, name="openapi"),
    path("api/docs", views.docs, name="docs"),
    re_path(r"^api/", unknown, name="unknown"),
    path("hooks/shopify/<slug:code>", webhooks.shopify, name="shopify"),
]

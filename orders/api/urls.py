from django.urls import path, re_path

from orders.api import views
from orders.api.errors import unknown

app_name = "orders_api"

urlpatterns = [
    path("v1/orders", views.receive_orders, name="orders"),
    path("v1/orders/<path:external_id>", views.order_status, name="order"),
    path("openapi.json", views.openapi, name="openapi"),
    path("docs", views.docs, name="docs"),
    re_path(r"^", unknown, name="unknown"),
]

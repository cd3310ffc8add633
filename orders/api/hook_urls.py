from django.urls import path

from orders.api import webhooks

app_name = "orders_hooks"

urlpatterns = [path("shopify/<slug:code>", webhooks.shopify, name="shopify")]

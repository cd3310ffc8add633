from django.urls import path

from logistics.carriers.registry import PUSHING
from logistics.hooks import receive_push

app_name = "logistics_hooks"
urlpatterns = [
    path(f"{adapter}/<slug:carrier_code>", receive_push, {"adapter": adapter}, name=adapter) for adapter in PUSHING
]

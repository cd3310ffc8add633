from django.contrib import admin
from django.urls import include, path

from ecom_admin.health import healthz, readyz
from ecom_admin.metrics import metrics

handler403 = "core.accounts.views.refusal.permission_denied"
handler500 = "core.failure.server_error"

# Apps with an address of their own first: the others' addresses are compared one by one.
urlpatterns = [
    path("track/", include("logistics.track_urls")),
    path("api/", include("orders.api.urls")),
    path("hooks/", include("logistics.hook_urls")),
    path("hooks/", include("orders.api.hook_urls")),
    path("inventory/", include("inventory.urls")),
    path("supply-chain/", include("supply_chain.urls")),
    path("orders/", include("orders.urls")),
    path("customers/", include("crm.urls")),
    path("analytics/", include("analytics.urls")),
    path("", include("core.ui.urls")),
    path("", include("core.accounts.urls")),
    path("", include("core.console.urls")),
    path("", include("core.cases.urls")),
    path("", include("core.jobs.urls")),
    path("", include("core.notifications.urls")),
    path("", include("logistics.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

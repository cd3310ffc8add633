from django.urls import path

from core.console.activity import ActivityEntry, ActivityList
from core.console.api_keys import ApiKeyCreate, ApiKeyList, ApiKeyPage, ApiKeyRevoke
from core.console.system import RetryDelivery, RetryStage, SystemPage

app_name = "console"

urlpatterns = [
    path("settings/api-keys/", ApiKeyList.as_view(), name="api_keys"),
    path("settings/api-keys/new/", ApiKeyCreate.as_view(), name="api_key_create"),
    path("settings/api-keys/<int:pk>/", ApiKeyPage.as_view(), name="api_key"),
    path("settings/api-keys/<int:pk>/revoke/", ApiKeyRevoke.as_view(), name="api_key_revoke"),
    path("settings/system/", SystemPage.as_view(), name="system"),
    path("settings/system/stages/<str:name>/retry/", RetryStage.as_view(), name="system_stage_retry"),
    path("settings/system/deliveries/retry/", RetryDelivery.as_view(), name="system_delivery_retry"),
    path("settings/activity/", ActivityList.as_view(), name="activity"),
    path("settings/activity/<int:pk>/", ActivityEntry.as_view(), name="activity_entry"),
]

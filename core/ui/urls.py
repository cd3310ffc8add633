"""Routes of the console's frame."""

from django.urls import path

from core.ui.views import frame

app_name = "ui"

urlpatterns = [
    path("", frame.TodayPage.as_view(), name="today"),
    path("search/", frame.SearchPage.as_view(), name="search"),
    path("settings/", frame.SettingsPage.as_view(), name="settings"),
    path("ui/counts/", frame.CountsView.as_view(), name="counts"),
    path("ui/lists/<str:key>/views/", frame.SaveViewView.as_view(), name="view_save"),
    path("ui/lists/<str:key>/views/<int:pk>/delete/", frame.DeleteViewView.as_view(), name="view_delete"),
    path("ui/lists/<str:key>/columns/", frame.ColumnsView.as_view(), name="columns"),
    path("ui/lists/<str:key>/bulk/", frame.BulkConfirmView.as_view(), name="bulk_confirm"),
]

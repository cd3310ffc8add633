"""The public tracking page, below /track/."""

from django.urls import path

from logistics.views import tracking

app_name = "track"

urlpatterns = [
    path("", tracking.TrackSearch.as_view(), name="search"),
    path("<str:token>/", tracking.TrackOrder.as_view(), name="order"),
    path("<str:token>/rate/", tracking.TrackRate.as_view(), name="rate"),
    path("<str:token>/cancel/", tracking.TrackCancel.as_view(), name="cancel"),
]

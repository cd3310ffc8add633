"""The console pages of analytics, below /analytics/."""

from django.urls import path

from analytics.views import FivePains

app_name = "analytics"

urlpatterns = [path("five-pains/", FivePains.as_view(), name="five_pains")]

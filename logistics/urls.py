"""The console pages of logistics: /warehouse/ and /shipping/."""

from django.urls import path

from logistics.views import shipments, warehouse

app_name = "logistics"

urlpatterns = [
    path("warehouse/", warehouse.FulfilmentList.as_view(), name="fulfilment_list"),
    path("warehouse/pick/", warehouse.PickStation.as_view(), name="pick_next"),
    path("warehouse/<int:pk>/pick/", warehouse.PickStation.as_view(), name="pick"),
    path("warehouse/<int:pk>/pick/stop/", warehouse.PickStop.as_view(), name="pick_stop"),
    path("warehouse/<int:pk>/pick/short/", warehouse.PickShort.as_view(), name="pick_short"),
    path("warehouse/<int:pk>/pack/", warehouse.PackStation.as_view(), name="pack"),
    path("warehouse/<int:pk>/pack/close/", warehouse.PackClose.as_view(), name="pack_close"),
    path("warehouse/<int:pk>/hand-over/", warehouse.HandOver.as_view(), name="hand_over"),
    path("shipping/", shipments.ShipmentList.as_view(), name="shipment_list"),
    path("shipping/<int:pk>/", shipments.ShipmentDetail.as_view(), name="shipment_detail"),
    path("shipping/<int:pk>/label.pdf", shipments.Label.as_view(), name="label"),
    path("shipping/<int:pk>/label/retry/", shipments.LabelRetry.as_view(), name="label_retry"),
    path("shipping/<int:pk>/carrier/", shipments.CarrierChange.as_view(), name="carrier_change"),
    path("shipping/<int:pk>/poll/", shipments.PollNow.as_view(), name="poll_now"),
    path("shipping/<int:pk>/again/", shipments.ShipAgain.as_view(), name="ship_again"),
]

"""The console pages of orders, below /orders/."""

from django.urls import path

from orders.views import actions, orders

app_name = "orders"

urlpatterns = [
    path("", orders.OrderList.as_view(), name="order_list"),
    path("<int:pk>/", orders.OrderDetail.as_view(), name="order_detail"),
    path("<int:pk>/edit/", actions.OrderEdit.as_view(), name="order_edit"),
    path("<int:pk>/lines/<int:line_pk>/", actions.LineEdit.as_view(), name="line_edit"),
    path("<int:pk>/hold/", actions.OrderHold.as_view(), name="order_hold"),
    path("<int:pk>/payment/", actions.OrderPayment.as_view(), name="order_payment"),
    path("<int:pk>/approve/", actions.OrderApprove.as_view(), name="order_approve"),
    path("<int:pk>/unapprove/", actions.OrderUnapprove.as_view(), name="order_unapprove"),
    path("<int:pk>/cancel/", actions.OrderCancel.as_view(), name="order_cancel"),
    path("<int:pk>/findings/<int:finding_pk>/apply/", actions.SuggestionApply.as_view(), name="suggestion_apply"),
    path("holds/<int:pk>/release/", actions.HoldRelease.as_view(), name="hold_release"),
]

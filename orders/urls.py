"""The console pages of orders, below /orders/."""

from django.urls import path

from orders.views import actions, channels, create, imports, intake, orders

app_name = "orders"

urlpatterns = [
    path("", orders.OrderList.as_view(), name="order_list"),
    path("<int:pk>/", orders.OrderDetail.as_view(), name="order_detail"),
    path("<int:pk>/edit/", actions.OrderEdit.as_view(), name="order_edit"),
    path("<int:pk>/lines/<int:line_pk>/", actions.LineEdit.as_view(), name="line_edit"),
    path("<int:pk>/hold/", actions.OrderHold.as_view(), name="order_hold"),
    path("<int:pk>/payment/", actions.OrderPayment.as_view(), name="order_payment"),
    path("<int:pk>/refund/", actions.OrderRefund.as_view(), name="order_refund"),
    path("<int:pk>/approve/", actions.OrderApprove.as_view(), name="order_approve"),
    path("<int:pk>/unapprove/", actions.OrderUnapprove.as_view(), name="order_unapprove"),
    path("<int:pk>/cancel/", actions.OrderCancel.as_view(), name="order_cancel"),
    path("<int:pk>/findings/<int:finding_pk>/apply/", actions.SuggestionApply.as_view(), name="suggestion_apply"),
    path("holds/<int:pk>/release/", actions.HoldRelease.as_view(), name="hold_release"),
    path("new/", create.OrderCreate.as_view(), name="order_create"),
    path("import/", imports.ImportNew.as_view(), name="import_new"),
    path("import/template/<str:suffix>/", imports.ImportTemplate.as_view(), name="import_template"),
    path("import/<str:token>/", imports.ImportMap.as_view(), name="import_map"),
    path("messages/", intake.MessageList.as_view(), name="intake_list"),
    path("messages/<int:pk>/", intake.MessageDetail.as_view(), name="intake_detail"),
    path("messages/<int:pk>/replay/", intake.MessageReplay.as_view(), name="intake_replay"),
    path("channels/", channels.ChannelList.as_view(), name="channel_list"),
    path("channels/new/", channels.ChannelCreate.as_view(), name="channel_create"),
    path("channels/<int:pk>/", channels.ChannelDetail.as_view(), name="channel_detail"),
    path("channels/<int:pk>/edit/", channels.ChannelEdit.as_view(), name="channel_edit"),
    path("channels/<int:pk>/secret/", channels.ChannelSecret.as_view(), name="channel_secret"),
]

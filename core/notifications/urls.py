from django.urls import path

from core.notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.NotificationList.as_view(), name="list"),
    path("notifications/panel/", views.BellPanel.as_view(), name="panel"),
    path("notifications/read/", views.ReadAll.as_view(), name="read_all"),
    path("notifications/preferences/", views.PreferencesPage.as_view(), name="preferences"),
    path("notifications/<int:pk>/", views.OpenNotification.as_view(), name="open"),
    path("messages/", views.MessageList.as_view(), name="message_list"),
    path("messages/<int:pk>/", views.MessagePage.as_view(), name="message_detail"),
    path("messages/<int:pk>/resend/", views.ResendMessage.as_view(), name="message_resend"),
]

from django.urls import path

from crm import views

app_name = "crm"
urlpatterns = [
    path("", views.CustomerList.as_view(), name="customer_list"),
    path("parse-address/", views.ParseAddress.as_view(), name="address_parse"),
    path("<int:pk>/", views.CustomerDetail.as_view(), name="customer_detail"),
    path("<int:pk>/edit/", views.CustomerEdit.as_view(), name="customer_edit"),
    path("<int:pk>/merge/", views.CustomerMerge.as_view(), name="customer_merge"),
]

"""Customers in the admin site. Contact data is edited in the console, where a service checks and audits it."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import is_limited
from core.admin import ReadOnlyAdmin
from crm import selectors
from crm.models import Customer, CustomerAddress, CustomerIdentity

M = TypeVar("M", bound=Model)


class CustomerIdentityInline(admin.TabularInline[CustomerIdentity, Customer]):
    model = CustomerIdentity
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin[Customer]):
    list_display = ("id", "name", "email", "phone", "country", "created_at", "merged_into")
    list_filter = ("country",)
    list_select_related = ("merged_into",)
    search_fields = ("name",)
    search_help_text = _("Name, phone or e-mail")
    ordering = ("-id",)
    inlines = (CustomerIdentityInline,)
    view_on_site = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return selectors.customers_for(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """The console's search: by index, however many customers there are."""
        found = selectors.searched_customers(queryset, search_term, request.user)
        return (found if search_term.strip() else queryset), False


class PartOfCustomerAdmin(ReadOnlyAdmin[M]):
    """Rows that belong to a customer: of those whom the person may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        rows = super().get_queryset(request)
        return rows.filter(customer__in=selectors.customers_for(request.user)) if is_limited(request.user) else rows


@admin.register(CustomerIdentity)
class CustomerIdentityAdmin(PartOfCustomerAdmin[CustomerIdentity]):
    list_display = ("id", "source", "external_id", "customer", "created_at")
    list_select_related = ("customer",)
    search_fields = ("=external_id",)
    ordering = ("-id",)


@admin.register(CustomerAddress)
class CustomerAddressAdmin(PartOfCustomerAdmin[CustomerAddress]):
    list_display = ("id", "customer", "name", "country", "province", "city", "last_used_at")
    list_filter = ("country",)
    list_select_related = ("customer",)
    search_fields = ("=customer__id",)
    ordering = ("-id",)

"""Warehouses: list, page, form."""

from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.countries import country_name
from core.ui.columns import Column
from core.ui.content import Badge, EmptyState, Header, PageAction
from core.ui.views import DetailPage, FormPage, ListPage
from inventory import services
from inventory.forms import WarehouseForm
from inventory.models import Warehouse
from inventory.selectors import warehouses_for


class WarehouseList(ListPage[Warehouse]):
    key = "inventory.warehouse"
    title = _("Warehouses")
    model = Warehouse
    permission = "inventory.view_warehouse"
    url_name = "inventory:warehouse_list"
    icon = "building-warehouse"
    ordering = "code"
    columns = (
        Column("code", _("Warehouse"), cell="mono", link=True, sort="code"),
        Column("name", _("Name"), width="l"),
        Column("city", _("City"), width="m"),
        Column("country", _("Country"), accessor=lambda row: country_name(row.country)),
        Column("priority", _("Priority"), cell="number"),
        Column("cut_off", _("Cut-off"), accessor=lambda row: row.cut_off and f"{row.cut_off:%H:%M}", align="end"),
        Column("time_zone", _("Time zone"), default=False),
        Column("serves_countries", _("Serves"), cell="tags"),
        Column("sku_count", _("SKUs"), cell="number"),
        Column("is_active", _("Active"), cell="bool"),
    )

    def get_queryset(self, user: Any) -> QuerySet[Warehouse]:
        return warehouses_for(user).annotate(sku_count=Count("levels"))

    def row_url(self, row: Warehouse) -> str:
        return reverse("inventory:warehouse_detail", args=[row.pk])

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("New warehouse"),
            url=reverse("inventory:warehouse_create"),
            permission="inventory.add_warehouse",
            icon="plus",
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No warehouses yet."), body=_("Orders are sent from warehouses; make the first."), icon=self.icon
        )


class WarehouseDetail(DetailPage[Warehouse]):
    key = "inventory.warehouse"
    list_key = "inventory.warehouse"
    permission = "inventory.view_warehouse"
    audit_subject = "inventory.warehouse"

    def header(self, obj: Warehouse) -> Header:
        return Header(
            title=obj.name,
            line=" · ".join(filter(None, [obj.city, country_name(obj.country)])),
            status=Badge(label=_("Active"), colour="success", icon="circle-check")
            if obj.is_active
            else Badge(label=_("Inactive"), icon="circle-off"),
            code=obj.code,
            primary=PageAction(
                label=_("Edit warehouse"),
                url=reverse("inventory:warehouse_edit", args=[obj.pk]),
                permission="inventory.change_warehouse",
                icon="pencil",
                key="e",
            ),
            menu=(
                PageAction(
                    label=_("Stock here"),
                    url=f"{reverse('inventory:level_list')}?warehouse={obj.pk}",
                    permission="inventory.view_stocklevel",
                    icon="packages",
                ),
            ),
        )


class WarehouseFormPage(FormPage[Warehouse]):
    form_class = WarehouseForm
    list_key = "inventory.warehouse"
    fieldsets = (
        ("", ("code", "name", "is_active", "priority", "serves_countries")),
        (
            _("Address"),
            ("country", "province", "city", "district", "street", "postal_code", "contact_name", "phone"),
        ),
        (_("Working hours"), ("time_zone", "cut_off", "calendar_code")),
    )

    def perform(self, form: WarehouseForm) -> Warehouse:
        before = {name: form.initial.get(name) for name in form.fields} if self.object else {}
        actor = Actor.for_user(self.request.user)
        return services.save_warehouse(warehouse=form.instance, before=before, actor=actor)

    def success_url(self, result: Warehouse) -> str:
        return reverse("inventory:warehouse_detail", args=[result.pk])


class WarehouseCreate(WarehouseFormPage):
    permission = "inventory.add_warehouse"
    title = _("New warehouse")
    submit_label = _("Create warehouse")
    message = _("Warehouse created.")


class WarehouseEdit(WarehouseFormPage):
    permission = "inventory.change_warehouse"
    title = _("Edit warehouse")
    submit_label = _("Save warehouse")
    message = _("Warehouse saved.")

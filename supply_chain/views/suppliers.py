"""Suppliers: list, page, forms, offers."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.ui.columns import Column
from core.ui.content import Badge, EmptyState, Header, PageAction
from core.ui.views import ActionPage, DetailPage, FormPage, ListPage
from inventory.models import Sku
from supply_chain import services
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.filters import SupplierFilter
from supply_chain.forms import OfferForm, SkuOfferForm, SupplierForm
from supply_chain.models import Supplier, SupplierSku


class SupplierList(ListPage[Supplier]):
    key = "supply_chain.supplier"
    title = _("Suppliers")
    model = Supplier
    permission = "supply_chain.view_supplier"
    url_name = "supply_chain:supplier_list"
    icon = "building-factory-2"
    filterset_class = SupplierFilter
    ordering = "name"
    columns = (
        Column("name", _("Supplier"), link=True, sort="name", width="l"),
        Column("code", _("Code"), cell="mono", sort="code"),
        Column("country", _("Country")),
        Column("currency", _("Currency")),
        Column("lead_time_days", _("Lead time (days)"), cell="number"),
        Column("open_orders", _("Open orders"), cell="number"),
        Column("offer_count", _("SKUs offered"), cell="number"),
        Column("is_active", _("Active"), cell="bool"),
        Column("contact_name", _("Contact"), default=False),
        Column("email", _("E-mail"), default=False),
        Column("phone", _("Phone"), default=False),
        Column("payment_terms", _("Payment terms"), default=False),
    )

    def get_queryset(self, user: Any) -> QuerySet[Supplier]:
        running = Q(purchase_orders__status__in=[status.value for status in PurchaseOrderStatus.OPEN])
        return Supplier.objects.annotate(
            open_orders=Count("purchase_orders", filter=running, distinct=True),
            offer_count=Count("offers", distinct=True),
        )

    def row_url(self, row: Supplier) -> str:
        return row.get_absolute_url()

    def primary_action(self, user: Any) -> PageAction:
        url = reverse("supply_chain:supplier_create")
        return PageAction(label=_("New supplier"), url=url, permission="supply_chain.add_supplier", icon="plus")

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No suppliers yet."),
            body=_("With a supplier and what it offers, shortages become purchase orders in one step."),
            icon=self.icon,
            action=self.primary_action(user),
        )


class SupplierDetail(DetailPage[Supplier]):
    key = "supply_chain.supplier"
    list_key = "supply_chain.supplier"
    permission = "supply_chain.view_supplier"
    audit_subject = "supply_chain.supplier"

    def header(self, obj: Supplier) -> Header:
        create = f"{reverse('supply_chain:purchase_order_create')}?supplier={obj.pk}"
        return Header(
            title=obj.name,
            line=_("Delivers in %(days)d days, paid in %(currency)s")
            % {"days": obj.lead_time_days, "currency": obj.currency},
            status=Badge(label=_("Active"), colour="success", icon="circle-check")
            if obj.is_active
            else Badge(label=_("Inactive"), icon="circle-off"),
            code=obj.code,
            primary=PageAction(
                label=_("New purchase order"),
                url=create,
                permission="supply_chain.add_purchaseorder",
                icon="plus",
                key="n",
            )
            if obj.is_active
            else None,
            menu=(
                PageAction(
                    label=_("Edit"),
                    url=reverse("supply_chain:supplier_edit", args=[obj.pk]),
                    permission="supply_chain.change_supplier",
                    icon="pencil",
                    key="e",
                ),
            ),
        )


class SupplierFormPage(FormPage[Supplier]):
    form_class = SupplierForm
    list_key = "supply_chain.supplier"
    fieldsets = (
        ("", ("code", "name", "is_active", "country")),
        (_("Contact"), ("contact_name", "email", "phone")),
        (_("Terms"), ("currency", "payment_terms", "lead_time_days", "over_receipt_percent", "note")),
    )

    def perform(self, form: SupplierForm) -> Supplier:
        before = {name: form.initial.get(name) for name in form.fields} if self.object else {}
        actor = Actor.for_user(self.request.user)
        return services.save_supplier(supplier=form.instance, before=before, actor=actor)


class SupplierCreate(SupplierFormPage):
    permission = "supply_chain.add_supplier"
    title = _("New supplier")
    submit_label = _("Create supplier")
    message = _("Supplier created.")


class SupplierEdit(SupplierFormPage):
    permission = "supply_chain.change_supplier"
    title = _("Edit supplier")
    submit_label = _("Save supplier")
    message = _("Supplier saved.")


class OfferSave(FormPage[Supplier]):
    """Add an offer, or change it: the SKU tells which."""

    form_class = OfferForm
    list_key = "supply_chain.supplier"
    permission = "supply_chain.change_suppliersku"
    title = _("Offer of a SKU")
    submit_label = _("Save offer")
    message = _("Offer saved.")

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        offers = SupplierSku.objects.filter(supplier=self.kwargs["pk"], sku__code=initial.get("sku", ""))
        offer = offers.select_related("sku").first()
        if offer is None:
            return initial
        names = ("unit_cost", "supplier_code", "moq", "pack_size", "lead_time_days", "is_preferred")
        return {name: getattr(offer, name) for name in names} | {"sku": offer.sku.code}

    def perform(self, form: OfferForm) -> None:
        data = dict(form.cleaned_data)
        sku = data.pop("sku")
        actor = Actor.for_user(self.request.user)
        services.save_offer(supplier_id=self.kwargs["pk"], sku_id=sku.id, values=data, actor=actor)

    def success_url(self, result: None) -> str:
        return reverse("supply_chain:supplier_detail", args=[self.kwargs["pk"]])


class SkuOffer(FormPage[Sku]):
    """Add an offer from the SKU's side: the supplier is chosen."""

    form_class = SkuOfferForm
    list_key = "inventory.sku"
    permission = "supply_chain.change_suppliersku"
    title = _("Offer of a supplier")
    submit_label = _("Save offer")
    message = _("Offer saved.")

    def perform(self, form: SkuOfferForm) -> None:
        data = dict(form.cleaned_data)
        supplier = data.pop("supplier")
        actor = Actor.for_user(self.request.user)
        services.save_offer(supplier_id=supplier.pk, sku_id=self.kwargs["pk"], values=data, actor=actor)

    def success_url(self, result: None) -> str:
        return reverse("inventory:sku_detail", args=[self.kwargs["pk"]])


class OfferRemove(ActionPage[Supplier]):
    list_key = "supply_chain.supplier"
    permission = "supply_chain.delete_suppliersku"
    message = _("Offer removed.")

    def perform(self, obj: Supplier) -> None:
        offer = get_object_or_404(SupplierSku.objects.select_related("sku"), supplier=obj, pk=self.kwargs["offer_pk"])
        services.remove_offer(offer=offer, actor=Actor.for_user(self.request.user))

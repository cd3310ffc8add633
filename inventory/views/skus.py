"""SKUs: list, page, forms."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError
from core.ui.actions import BulkAction, RowOutcome
from core.ui.columns import Column
from core.ui.content import Banner, EmptyState, Header, PageAction
from core.ui.lists import PresetView
from core.ui.views import ActionPage, ConsoleView, DetailPage, FormPage, ListPage
from inventory import services
from inventory.enums import SkuStatus
from inventory.filters import SkuFilter
from inventory.forms import AliasForm, BarcodeForm, SkuForm
from inventory.models import Sku, SkuAlias, SkuBarcode
from inventory.rules.catalogue import SkuDraft, Upserted
from inventory.selectors import offered_skus, skus_with_stock
from inventory.views.base import ChangePage

_OFFERED = 20


def _status_action(status: SkuStatus) -> Any:
    def run(ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterable[RowOutcome]:
        changing = set(Sku.objects.filter(pk__in=ids).exclude(status=status).values_list("pk", flat=True))
        services.set_sku_status(sku_ids=ids, status=status, actor=actor)
        for pk in ids:
            yield RowOutcome(pk) if pk in changing else RowOutcome(pk, "skipped", _("It was so already."))

    return run


class SkuList(ListPage[Sku]):
    key = "inventory.sku"
    title = _("SKUs")
    model = Sku
    permission = "inventory.view_sku"
    url_name = "inventory:sku_list"
    icon = "barcode"
    filterset_class = SkuFilter
    ordering = "code"
    columns = (
        Column("code", _("SKU"), cell="mono", link=True, sort="code"),
        Column("name", _("Name"), width="l"),
        Column("status", _("Status"), cell="status", enum=SkuStatus),
        Column("available", _("Available"), cell="number"),
        Column("on_hand", _("On hand"), cell="number"),
        Column("unit_price", _("List price"), cell="money"),
        Column("category", _("Category"), accessor="product.category", width="m"),
        Column("bin_location", _("Bin"), cell="mono"),
        Column("product", _("Product"), accessor="product.code", cell="mono", default=False),
        Column("brand", _("Brand"), accessor="product.brand", default=False),
        Column("unit_cost", _("Unit cost"), cell="money", default=False, permission="inventory.change_sku"),
        Column("weight_g", _("Weight (g)"), cell="number", default=False),
        Column("is_stocked", _("Kept in stock"), cell="bool", default=False),
        Column("updated_at", _("Changed"), cell="when", default=False),
    )
    views = (
        PresetView("active", _("Active"), "status=active"),
        PresetView("inactive", _("Off sale"), "status=inactive&status=discontinued"),
    )
    actions = (
        BulkAction(
            code="activate",
            label=_("Activate"),
            permission="inventory.change_sku",
            run=_status_action(SkuStatus.ACTIVE),
            icon="circle-check",
        ),
        BulkAction(
            code="deactivate",
            label=_("Deactivate"),
            permission="inventory.change_sku",
            run=_status_action(SkuStatus.INACTIVE),
            icon="circle-off",
        ),
    )

    def get_queryset(self, user: Any) -> QuerySet[Sku]:
        return skus_with_stock(user)

    def row_url(self, row: Sku) -> str:
        return reverse("inventory:sku_detail", args=[row.pk])

    def row_class(self, row: Sku) -> str:
        return "" if row.status == SkuStatus.ACTIVE else "row-muted"

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("New SKU"), url=reverse("inventory:sku_create"), permission="inventory.add_sku", icon="plus"
        )

    def menu(self, user: Any) -> Sequence[PageAction]:
        return (
            PageAction(
                label=_("Import products"),
                url=reverse("inventory:import_products"),
                permission="inventory.import_products",
                icon="file-import",
            ),
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No SKUs yet."),
            body=_("A SKU is one thing that is counted and shipped. Import a file or make one by hand."),
            icon=self.icon,
            action=PageAction(
                label=_("Import products"),
                url=reverse("inventory:import_products"),
                permission="inventory.import_products",
            ),
        )


class SkuDetail(DetailPage[Sku]):
    key = "inventory.sku"
    list_key = "inventory.sku"
    permission = "inventory.view_sku"
    audit_subject = "inventory.sku"

    def header(self, obj: Sku) -> Header:
        figures: Any = obj
        adjust = reverse("inventory:stock_adjust") + f"?sku={obj.code}"
        return Header(
            title=obj.code,
            line=_("%(name)s · %(available)d available of %(on_hand)d on hand")
            % {"name": obj.name, "available": figures.available, "on_hand": figures.on_hand}
            if obj.is_stocked
            else _("%(name)s · not kept in stock") % {"name": obj.name},
            status=SkuStatus(obj.status),
            code=obj.code,
            primary=PageAction(
                label=_("Adjust stock"),
                url=adjust,
                dialog=True,
                icon="adjustments",
                permission="inventory.adjust_stock",
                key="a",
            )
            if obj.is_stocked
            else None,
            menu=self._menu(obj),
        )

    def banners(self, obj: Sku) -> Iterable[Banner]:  # type: ignore[override]
        if obj.status != SkuStatus.ACTIVE:
            yield Banner(
                level="warning",
                title=_("This SKU isn't on sale."),
                body=_("Orders that name it are held until somebody decides."),
                actions=(self._status_post(obj, SkuStatus.ACTIVE, _("Activate"), "circle-check"),),
            )

    def _menu(self, obj: Sku) -> Sequence[PageAction]:
        page = "inventory.change_sku"
        edit = reverse("inventory:sku_edit", args=[obj.pk])
        actions = [PageAction(label=_("Edit"), url=edit, permission=page, icon="pencil", key="e")]
        if obj.status == SkuStatus.ACTIVE:
            actions.append(self._status_post(obj, SkuStatus.INACTIVE, _("Deactivate"), "circle-off"))
            actions.append(self._status_post(obj, SkuStatus.DISCONTINUED, _("Discontinue"), "archive"))
        return actions

    def _status_post(self, obj: Sku, status: SkuStatus, label: Any, icon: str) -> PageAction:
        return PageAction(
            label=label,
            url=reverse("inventory:sku_status", args=[obj.pk, status.value]),
            method="post",
            permission="inventory.change_sku",
            icon=icon,
        )


class SkuStatusAction(ActionPage[Sku]):
    list_key = "inventory.sku"
    permission = "inventory.change_sku"
    message = _("Status changed.")

    def perform(self, obj: Sku) -> None:
        status = SkuStatus(self.kwargs["status"])
        services.set_sku_status(sku_ids=[obj.pk], status=status, actor=Actor.for_user(self.request.user))


class SkuFormPage(FormPage[Sku]):
    """Create or change a SKU, through the same service as the import."""

    form_class = SkuForm
    list_key = "inventory.sku"
    fieldsets = (
        ("", ("code", "name", "product_code", "status", "is_stocked")),
        (_("Money"), ("unit_price", "unit_cost", "currency")),
        (_("Size and place"), ("weight_g", "length_mm", "width_mm", "height_mm", "bin_location")),
    )

    def perform(self, form: SkuForm) -> int:
        data = dict(form.cleaned_data)
        draft = SkuDraft(**data | {"product_code": data["product_code"] or None})
        [outcome] = services.upsert_skus([draft], actor=Actor.for_user(self.request.user), replace=True)
        if outcome.result == Upserted.REFUSED or outcome.sku_id is None:
            problem = outcome.problems[0]
            raise DomainError(problem.message, "refused", problem.field)
        return outcome.sku_id

    def success_url(self, result: int) -> str:
        return reverse("inventory:sku_detail", args=[result])


class SkuCreate(SkuFormPage):
    permission = "inventory.add_sku"
    title = _("New SKU")
    submit_label = _("Create SKU")
    message = _("SKU created.")


class SkuEdit(SkuFormPage):
    permission = "inventory.change_sku"
    title = _("Edit SKU")
    submit_label = _("Save SKU")
    message = _("SKU saved.")


class BarcodeAdd(ChangePage[Sku]):
    form_class = BarcodeForm
    list_key = "inventory.sku"
    permission = "inventory.add_skubarcode"
    title = _("Add a barcode")
    submit_label = _("Add barcode")
    message = _("Barcode added.")

    def perform(self, form: BarcodeForm) -> None:
        actor = Actor.for_user(self.request.user)
        services.add_barcode(sku=self.target, gtin=form.cleaned_data["gtin"], actor=actor)

    def success_url(self, result: None) -> str:
        return reverse("inventory:sku_detail", args=[self.kwargs["pk"]])


class AliasAdd(ChangePage[Sku]):
    form_class = AliasForm
    list_key = "inventory.sku"
    permission = "inventory.add_skualias"
    title = _("Add a channel SKU")
    submit_label = _("Add channel SKU")
    message = _("Channel SKU added.")

    def perform(self, form: AliasForm) -> None:
        services.add_alias(sku=self.target, actor=Actor.for_user(self.request.user), **form.cleaned_data)

    def success_url(self, result: None) -> str:
        return reverse("inventory:sku_detail", args=[self.kwargs["pk"]])


class BarcodeRemove(ActionPage[Sku]):
    list_key = "inventory.sku"
    permission = "inventory.delete_skubarcode"
    message = _("Barcode removed.")

    def perform(self, obj: Sku) -> None:
        barcode = get_object_or_404(SkuBarcode, sku=obj, pk=self.kwargs["barcode_pk"])
        services.remove_barcode(barcode=barcode, actor=Actor.for_user(self.request.user))


class AliasRemove(ActionPage[Sku]):
    list_key = "inventory.sku"
    permission = "inventory.delete_skualias"
    message = _("Channel SKU removed.")

    def perform(self, obj: Sku) -> None:
        alias = get_object_or_404(SkuAlias, sku=obj, pk=self.kwargs["alias_pk"])
        services.remove_alias(alias=alias, actor=Actor.for_user(self.request.user))


class SkuLookup(ConsoleView):
    """What a SKU field offers while somebody types a code or words of a name."""

    permission = "inventory.view_sku"
    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = offered_skus(request.GET.get("q", ""), _OFFERED)
        return JsonResponse({"skus": [{"code": sku.code, "name": sku.name} for sku in found]})

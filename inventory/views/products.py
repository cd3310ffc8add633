"""Products: list, page, form."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.ui.columns import Column
from core.ui.content import Badge, EmptyState, Header, PageAction
from core.ui.views import DetailPage, FormPage, ListPage
from inventory import services
from inventory.filters import ProductFilter
from inventory.forms import ProductForm
from inventory.models import Product


class ProductList(ListPage[Product]):
    key = "inventory.product"
    title = _("Products")
    model = Product
    permission = "inventory.view_product"
    url_name = "inventory:product_list"
    icon = "box"
    filterset_class = ProductFilter
    ordering = "code"
    columns = (
        Column("code", _("Product"), cell="mono", link=True, sort="code"),
        Column("name", _("Name"), width="l", note="name_zh"),
        Column("sku_count", _("SKUs"), cell="number"),
        Column("category", _("Category"), sort="category", width="m"),
        Column("brand", _("Brand"), width="m"),
        Column("is_active", _("Active"), cell="bool"),
        Column("updated_at", _("Changed"), cell="when", default=False),
    )

    def get_queryset(self, user: Any) -> QuerySet[Product]:
        return Product.objects.annotate(sku_count=Count("skus"))

    def row_url(self, row: Product) -> str:
        return reverse("inventory:product_detail", args=[row.pk])

    def menu(self, user: Any) -> Sequence[PageAction]:
        url = reverse("inventory:import_products")
        permission = "inventory.import_products"
        return (PageAction(label=_("Import products"), url=url, permission=permission, icon="file-import"),)

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(title=_("No products yet."), body=_("They appear here with their first SKU."), icon=self.icon)


class ProductDetail(DetailPage[Product]):
    key = "inventory.product"
    list_key = "inventory.product"
    permission = "inventory.view_product"
    audit_subject = "inventory.product"

    def header(self, obj: Product) -> Header:
        count = getattr(obj, "sku_count", 0)
        words = ngettext("%(count)d SKU", "%(count)d SKUs", count) % {"count": count}
        return Header(
            title=obj.name,
            line=" · ".join(filter(None, [obj.name_zh, obj.category, obj.brand, words])),
            status=Badge(label=_("Active"), colour="success", icon="circle-check")
            if obj.is_active
            else Badge(label=_("Inactive"), icon="circle-off"),
            code=obj.code,
            primary=PageAction(
                label=_("Edit product"),
                url=reverse("inventory:product_edit", args=[obj.pk]),
                permission="inventory.change_product",
                icon="pencil",
                key="e",
            ),
            menu=(
                PageAction(
                    label=_("New SKU of this product"),
                    url=f"{reverse('inventory:sku_create')}?product_code={obj.code}",
                    permission="inventory.add_sku",
                    icon="plus",
                ),
            ),
        )


class ProductEdit(FormPage[Product]):
    form_class = ProductForm
    list_key = "inventory.product"
    permission = "inventory.change_product"
    title = _("Edit product")
    submit_label = _("Save product")
    message = _("Product saved.")

    def perform(self, form: ProductForm) -> Product:
        before = {name: form.initial[name] for name in form.fields}
        actor = Actor.for_user(self.request.user)
        return services.save_product(product=form.instance, before=before, actor=actor)

    def success_url(self, result: Product) -> str:
        return reverse("inventory:product_detail", args=[result.pk])

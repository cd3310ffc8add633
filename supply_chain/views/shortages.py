"""What customers wait for: ordered from suppliers in one step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.actor import Actor
from core.exceptions import PermissionRequired
from core.ui.actions import BulkAction, RowOutcome
from core.ui.columns import Column
from core.ui.content import EmptyState
from core.ui.lists import PresetView
from core.ui.views import ListPage
from inventory.models import Sku
from inventory.selectors import warehouses_for
from supply_chain import services
from supply_chain.filters import ShortageFilter
from supply_chain.models import PurchaseOrder
from supply_chain.selectors import short_skus


def _order_fields(user: Any) -> dict[str, forms.Field]:
    choices = warehouses_for(user).filter(is_active=True).values_list("pk", "name")
    return {"warehouse": forms.ChoiceField(label=_("Deliver to"), choices=[(str(pk), name) for pk, name in choices])}


def order_short(ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterable[RowOutcome]:
    """Draft purchase orders for the ticked SKUs, one per supplier."""
    user = User.objects.filter(pk=actor.user_id or 0).first()
    if user is None:
        raise PermissionRequired
    warehouse = warehouses_for(user).filter(pk=params["warehouse"]).first()
    if warehouse is None:
        message = gettext("You can't order for this warehouse.")
        return [RowOutcome(pk, "error", message, field="warehouse") for pk in ids]
    orders, unserved = services.order_shortages(sku_ids=ids, warehouse=warehouse, actor=actor)
    made = {line.sku_id: order for order in orders for line in order.lines.all()}
    return [_outcome(pk, made, unserved) for pk in ids]


def _outcome(pk: int, made: Mapping[int, PurchaseOrder], unserved: Sequence[int]) -> RowOutcome:
    if order := made.get(pk):
        message = gettext("On %(number)s") % {"number": order.number}
        return RowOutcome(pk, "ok", message, url=order.get_absolute_url())
    if pk in unserved:
        message = gettext("No supplier offers this SKU. Add an offer on its page.")
        return RowOutcome(pk, "error", message, url=reverse("inventory:sku_detail", args=[pk]))
    return RowOutcome(pk, "skipped", gettext("Enough is there or ordered."))


class ShortageList(ListPage[Sku]):
    key = "supply_chain.shortage"
    title = _("Shortages")
    model = Sku
    permission = "inventory.view_stockdemand"
    url_name = "supply_chain:shortage_list"
    icon = "alert-square-rounded"
    filterset_class = ShortageFilter
    ordering = "code"
    columns = (
        Column("code", _("SKU"), cell="mono", link=True, sort="code"),
        Column("name", _("Name"), width="l"),
        Column("demand", _("Waited for"), cell="number"),
        Column("waiting_lines", _("Order lines"), cell="number"),
        Column("since", _("Since"), cell="when"),
        Column("available", _("Available"), cell="number"),
        Column("incoming", _("Incoming"), cell="number"),
        Column("planned", _("Being ordered"), cell="number"),
        Column("short", _("To order"), cell="supply_chain/_short_cell.html", align="end"),
    )
    views = (PresetView("short", _("To order"), "short=true", roles=("buyer",)),)
    actions = (
        BulkAction(
            code="order",
            label=_("Create purchase orders"),
            permission="supply_chain.add_purchaseorder",
            run=order_short,
            icon="file-plus",
            style="primary",
            fields=_order_fields,
        ),
    )

    def get_queryset(self, user: Any) -> QuerySet[Sku]:
        return short_skus()

    def row_url(self, row: Sku) -> str:
        return reverse("inventory:sku_detail", args=[row.pk])

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nobody waits for goods."),
            body=_("Order lines that no warehouse can serve appear here, summed by SKU."),
            icon="circle-check",
        )

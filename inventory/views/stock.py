"""Stock levels, ledger, reservations, adjustments."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.actor import Actor
from core.ui.columns import Column
from core.ui.content import EmptyState, PageAction
from core.ui.filters import ConsoleFilterSet
from core.ui.lists import PresetView
from core.ui.views import FormPage, ListPage
from inventory import services
from inventory.enums import MovementKind, ReservationState, StockBucket
from inventory.filters import ReservationFilter, StockLevelFilter, StockMovementFilter, WarehouseFilter
from inventory.forms import AdjustForm, SafetyForm
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.rules.stock import StockAdjustment, StockCount
from inventory.selectors import levels_for, movements_for, reservations_for, warehouses_for
from inventory.views.base import ChangePage


def sku_url(row: Any) -> str:
    """The page of a row's SKU."""
    return reverse("inventory:sku_detail", args=[row.sku_id])


class _OfWarehouses:
    """A list whose warehouse filter offers what the user may see."""

    def filterset(self, user: Any, query: QueryDict) -> ConsoleFilterSet | None:
        filterset = super().filterset(user, query)  # type: ignore[misc]
        if isinstance(filterset, WarehouseFilter):
            filterset.offer(warehouses_for(user))
        return filterset  # type: ignore[no-any-return]


class StockLevelList(_OfWarehouses, ListPage[StockLevel]):
    key = "inventory.stocklevel"
    title = _("Stock")
    model = StockLevel
    permission = "inventory.view_stocklevel"
    url_name = "inventory:level_list"
    icon = "packages"
    filterset_class = StockLevelFilter
    ordering = "sku__code"
    columns = (
        Column("sku", _("SKU"), accessor="sku.code", cell="mono", link=sku_url, sort="sku__code"),
        Column("name", _("Name"), accessor="sku.name", width="l"),
        Column("warehouse", _("Warehouse"), accessor="warehouse.name", width="m"),
        Column("available", _("Available"), cell="inventory/_available_cell.html", align="end"),
        Column("on_hand", _("On hand"), cell="number"),
        Column("reserved", _("Reserved"), cell="number"),
        Column("safety", _("Safety stock"), cell="number"),
        Column("incoming", _("Incoming"), cell="number"),
        Column("in_transit", _("In transit"), cell="number", default=False),
        Column("quarantined", _("Quarantined"), cell="number", default=False),
        Column("damaged", _("Damaged"), cell="number", default=False),
        Column("bin", _("Bin"), accessor="sku.bin_location", cell="mono", default=False),
        Column("updated_at", _("Changed"), cell="when", default=False),
    )
    views = (
        PresetView("out", _("Out of stock"), "availability=out"),
        PresetView("low", pgettext_lazy("stock", "Low"), "availability=low"),
        PresetView("below", _("Below safety stock"), "availability=below"),
    )

    def get_queryset(self, user: Any) -> QuerySet[StockLevel]:
        return levels_for(user).select_related("sku", "warehouse")

    def row_url(self, row: StockLevel) -> str:
        return sku_url(row)

    def row_label(self, row: StockLevel) -> str:
        return f"{row.sku.code} · {row.warehouse.name}"

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("Adjust stock"),
            url=reverse("inventory:stock_adjust"),
            permission="inventory.adjust_stock",
            icon="adjustments",
            dialog=True,
            key="a",
        )

    def menu(self, user: Any) -> Sequence[PageAction]:
        return (
            PageAction(
                label=_("Import stock"),
                url=reverse("inventory:import_stock"),
                permission="inventory.import_stock",
                icon="file-import",
            ),
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No stock yet."),
            body=_("Import the opening stock, or receive a purchase order."),
            icon=self.icon,
            action=PageAction(
                label=_("Import stock"),
                url=reverse("inventory:import_stock"),
                permission="inventory.import_stock",
            ),
        )


class StockMovementList(_OfWarehouses, ListPage[StockMovement]):
    key = "inventory.stockmovement"
    title = _("Stock ledger")
    model = StockMovement
    permission = "inventory.view_stockmovement"
    url_name = "inventory:movement_list"
    icon = "list-details"
    filterset_class = StockMovementFilter
    columns = (
        Column("occurred_at", _("At"), cell="when"),
        Column("sku", _("SKU"), accessor="sku.code", cell="mono", link=sku_url),
        Column("warehouse", _("Warehouse"), accessor="warehouse.name", width="m"),
        Column("kind", _("Kind"), accessor="get_kind_display"),
        Column("bucket", _("Quantity of"), accessor="get_bucket_display"),
        Column("quantity", _("Change"), cell="inventory/_change_cell.html", align="end"),
        Column("reason", _("Reason"), width="l"),
        Column("actor", _("By"), accessor="actor.label", cell="user"),
        Column("document", _("Document"), cell="mono", default=False),
        Column("document_id", _("Document id"), cell="mono", default=False),
        Column("id", _("Entry"), cell="mono", sort="id", default=False),
    )
    views = (
        PresetView("corrections", _("Corrections"), f"kind={MovementKind.ADJUSTMENT}&kind={MovementKind.COUNT}"),
        PresetView("receipts", _("Receipts"), f"kind={MovementKind.RECEIPT}"),
        PresetView("on_hand", _("On hand"), f"bucket={StockBucket.ON_HAND}"),
    )

    def get_queryset(self, user: Any) -> QuerySet[StockMovement]:
        return movements_for(user).select_related("sku", "warehouse", "actor")

    def row_label(self, row: StockMovement) -> str:
        return f"{row.sku.code} {row.quantity:+d}"

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing has moved yet."),
            body=_("Every change of stock is written here and never changed afterwards."),
            icon=self.icon,
        )


class ReservationList(_OfWarehouses, ListPage[Reservation]):
    key = "inventory.reservation"
    title = _("Reservations")
    model = Reservation
    permission = "inventory.view_reservation"
    url_name = "inventory:reservation_list"
    icon = "lock"
    filterset_class = ReservationFilter
    columns = (
        Column("sku", _("SKU"), accessor="sku.code", cell="mono", link=sku_url),
        Column("name", _("Name"), accessor="sku.name", width="l"),
        Column("warehouse", _("Warehouse"), accessor="warehouse.name", width="m"),
        Column("quantity", _("Quantity"), cell="number"),
        Column("state", _("State"), cell="status", enum=ReservationState),
        Column("created_at", _("Since"), cell="when"),
        Column("closed_at", _("Closed"), cell="when", default=False),
        Column("id", _("Entry"), cell="mono", sort="id", default=False),
    )
    views = (PresetView("active", _("Active"), f"state={ReservationState.ACTIVE.value}"),)

    def get_queryset(self, user: Any) -> QuerySet[Reservation]:
        return reservations_for(user).select_related("sku", "warehouse")

    def row_label(self, row: Reservation) -> str:
        return f"{row.sku.code} × {row.quantity}"

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing is reserved."),
            body=_("Orders reserve their units as soon as a warehouse is found for them."),
            icon=self.icon,
        )


class StockAdjust(FormPage[StockLevel]):
    form_class = AdjustForm
    permission = "inventory.adjust_stock"
    title = _("Adjust stock")
    intro = _("The ledger keeps the difference, the reason and your name.")
    submit_label = _("Adjust stock")
    message = _("Stock adjusted.")

    def form_kwargs(self) -> dict[str, Any]:
        return super().form_kwargs() | {"warehouses": warehouses_for(self.request.user)}

    def perform(self, form: AdjustForm) -> int:
        data, reason = form.cleaned_data, form.reason_text()
        actor = Actor.for_user(self.request.user)
        pair = (data["warehouse"].pk, data["sku"].id)
        if data["mode"] == "counted":
            services.count_stock([StockCount(*pair, data["quantity"], reason)], actor=actor)
        else:
            services.adjust_stock([StockAdjustment(*pair, data["quantity"], reason)], actor=actor)
        return int(data["sku"].id)

    def success_url(self, result: int) -> str:
        return reverse("inventory:sku_detail", args=[result])


class SafetyStock(ChangePage[StockLevel]):
    form_class = SafetyForm
    list_key = "inventory.stocklevel"
    permission = "inventory.adjust_stock"
    title = _("Set safety stock")
    submit_label = _("Set safety stock")
    message = _("Safety stock set.")

    def get_initial(self) -> dict[str, Any]:
        return {"safety": self.target.safety}

    def perform(self, form: SafetyForm) -> StockLevel:
        level = self.target
        quantities = {(level.warehouse_id, level.sku_id): form.cleaned_data["safety"]}
        services.set_safety_stock(quantities, actor=Actor.for_user(self.request.user))
        return level

    def success_url(self, result: StockLevel) -> str:
        return reverse("inventory:sku_detail", args=[result.sku_id])

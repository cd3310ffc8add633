"""Catalogue and stock in the console: navigation, panels, search, cards."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.audit.words import register_action_labels
from core.ui.changes import register_change_names
from core.ui.content import PanelContent
from core.ui.create import register_create
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.setup_links import register_setting
from core.ui.today import register_today_card
from inventory import panels
from inventory.models import Sku
from inventory.selectors import levels_for, matching_skus, stock_figures

_WAREHOUSE = (Role.WAREHOUSE_OPERATOR.value,)

register_nav(
    "inventory",
    NavItem(_("Stock"), "inventory:level_list", "inventory.view_stocklevel", "packages", order=10, roles=_WAREHOUSE),
)
register_nav("inventory", NavItem(_("SKUs"), "inventory:sku_list", "inventory.view_sku", "barcode", order=20))
register_nav("inventory", NavItem(_("Products"), "inventory:product_list", "inventory.view_product", "box", order=30))
register_nav(
    "inventory",
    NavItem(_("Reservations"), "inventory:reservation_list", "inventory.view_reservation", "lock", order=40),
)
register_nav(
    "inventory",
    NavItem(_("Ledger"), "inventory:movement_list", "inventory.view_stockmovement", "list-details", order=50),
)
register_nav(
    "inventory",
    NavItem(_("Warehouses"), "inventory:warehouse_list", "inventory.view_warehouse", "building-warehouse", order=60),
)
register_setting(
    _("Warehouse"),
    _("Warehouses"),
    "inventory:warehouse_list",
    "inventory.change_warehouse",
    description=_("Addresses, cut-off times and which countries they serve"),
    icon="building-warehouse",
)
register_create(_("SKU"), "inventory:sku_create", "inventory.add_sku", icon="barcode", order=50)
register_create(_("Stock adjustment"), "inventory:stock_adjust", "inventory.adjust_stock", icon="adjustments", order=60)

register_panel("inventory.sku", code="levels", title=_("Stock by warehouse"), render=panels.levels_panel, order=10)
register_panel(
    "inventory.sku",
    code="reservations",
    title=_("Reserved for"),
    render=panels.reservations_panel,
    order=20,
    permission="inventory.view_reservation",
)
register_panel(
    "inventory.sku",
    code="demand",
    title=_("Waited for by"),
    render=panels.demand_panel,
    order=25,
    permission="inventory.view_stockdemand",
)
register_panel(
    "inventory.sku",
    code="ledger",
    title=_("Ledger"),
    render=panels.ledger_panel,
    order=30,
    permission="inventory.view_stockmovement",
)
register_panel("inventory.sku", code="facts", title=_("Facts"), render=panels.facts_panel, order=10, column="side")
register_panel(
    "inventory.sku",
    code="codes",
    title=_("Codes"),
    render=panels.codes_panel,
    order=20,
    column="side",
)
register_panel("inventory.product", code="skus", title=_("SKUs"), render=panels.product_skus_panel, order=10)
register_panel("inventory.warehouse", code="stock", title=_("Stock"), render=panels.warehouse_stock_panel, order=10)
register_panel(
    "inventory.warehouse",
    code="facts",
    title=_("Address and hours"),
    render=panels.warehouse_facts_panel,
    order=10,
    column="side",
)
register_change_names("inventory.sku", {"barcode": (_("Barcode"), {}), "alias": (_("Channel SKU"), {})})
register_action_labels(
    {
        "inventory.sku_created": (_("SKU created"), "plus", "success"),
        "inventory.sku_changed": (_("SKU changed"), "pencil", "neutral"),
        "inventory.product_changed": (_("Product changed"), "pencil", "neutral"),
        "inventory.warehouse_created": (_("Warehouse created"), "plus", "success"),
        "inventory.warehouse_changed": (_("Warehouse changed"), "pencil", "neutral"),
        "inventory.stock_adjusted": (_("Stock adjusted"), "adjustments", "warning"),
        "inventory.stock_counted": (_("Stock counted"), "list-check", "info"),
        "inventory.safety_changed": (_("Safety stock set"), "shield", "neutral"),
    }
)


def find_skus(user: Any, query: str, limit: int) -> list[SearchHit]:
    """SKUs for global search, those whose code begins with the query first."""
    found: list[Sku] = list(matching_skus(query).order_by("code")[: limit * 4])
    found.sort(key=lambda sku: not sku.code.upper().startswith(query.upper()))
    return [
        SearchHit(sku.code, sku.name, reverse("inventory:sku_detail", args=[sku.pk]), "barcode")
        for sku in found[:limit]
    ]


register_search("skus", _("SKUs"), "inventory.view_sku", find_skus, order=40, url_name="inventory:sku_list")


def stock_card(request: HttpRequest) -> PanelContent | None:
    """Out of stock, low, on the way: figures that lead to their rows."""
    figures = stock_figures(levels_for(request.user))
    if not any(figure.total for figure in figures):
        return None
    context = {"figures": figures, "url": f"{reverse('inventory:level_list')}?"}
    return PanelContent("inventory/_stock_figures.html", context)


register_today_card("inventory.stock", "inventory.view_stocklevel", 40, stock_card, title=_("Stock"), lazy=True)

"""The panels of the inventory pages."""

from collections import defaultdict

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.addresses import Address, format_address
from core.ui.content import PageAction, PanelContent
from inventory.documents import Reference, links_for
from inventory.enums import ReservationState, SkuStatus
from inventory.models import Product, Sku, StockMovement, Warehouse
from inventory.selectors import levels_for, movements_for, reservations_for, stock_figures
from inventory.sources import source_names

ROWS = 50


def levels_panel(request: HttpRequest, sku: Sku) -> PanelContent | None:
    """Quantities per warehouse."""
    if not sku.is_stocked:
        return None
    levels = levels_for(request.user).filter(sku=sku).select_related("warehouse")
    rows = list(levels.order_by("warehouse__priority", "warehouse__code"))
    return PanelContent("inventory/_sku_levels.html", {"levels": rows})


def ledger_panel(request: HttpRequest, sku: Sku) -> PanelContent | None:
    """The newest ledger rows, each with the balance that it left behind."""
    rows = list(movements_for(request.user).filter(sku=sku).select_related("warehouse", "actor").order_by("-id")[:ROWS])
    if not rows and not sku.is_stocked:
        return None
    _add_balances(request, sku, rows)
    links = links_for(request.user, [(row.document, row.document_id) for row in rows])
    action = PageAction(
        label=_("Whole ledger"), url=f"{reverse('inventory:movement_list')}?q={sku.code}", icon="list-details"
    )
    entries = [(row, links.get((row.document, row.document_id))) for row in rows]
    return PanelContent("inventory/_sku_ledger.html", {"entries": entries}, actions=(action,))


def _add_balances(request: HttpRequest, sku: Sku, rows: list[StockMovement]) -> None:
    """Walk back from the present quantities: the newest row of a bucket left what is there now."""
    present: dict[tuple[int, str], int] = defaultdict(int)
    for level in levels_for(request.user).filter(sku=sku):
        for bucket in {row.bucket for row in rows}:
            present[level.warehouse_id, bucket] = getattr(level, bucket)
    for row in rows:
        row.balance = present[row.warehouse_id, row.bucket]  # type: ignore[attr-defined]
        present[row.warehouse_id, row.bucket] -= row.quantity


def reservations_panel(request: HttpRequest, sku: Sku) -> PanelContent | None:
    """Who holds units of this SKU."""
    active = reservations_for(request.user).filter(sku=sku, state=ReservationState.ACTIVE)
    rows = list(active.select_related("warehouse").order_by("id")[: ROWS + 1])
    if not rows:
        return None
    references: list[Reference] = [(row.document, row.document_id) for row in rows]
    links = links_for(request.user, references)
    entries = [(row, links.get((row.document, row.document_id))) for row in rows[:ROWS]]
    url = f"{reverse('inventory:reservation_list')}?q={sku.code}&state=active"
    more = PageAction(label=_("All reservations"), url=url, icon="lock")
    return PanelContent("inventory/_sku_reservations.html", {"entries": entries}, actions=(more,))


def demand_panel(request: HttpRequest, sku: Sku) -> PanelContent | None:
    """Which documents wait for this SKU, the longest first."""
    rows = list(sku.demands.order_by("since", "pk")[:ROWS])
    if not rows:
        return None
    links = links_for(request.user, [(row.document, row.document_id) for row in rows])
    entries = [(row, links.get((row.document, row.document_id))) for row in rows]
    return PanelContent("inventory/_sku_demand.html", {"entries": entries})


def facts_panel(request: HttpRequest, sku: Sku) -> PanelContent:
    """What the SKU is."""
    return PanelContent("inventory/_sku_facts.html", {"sku": sku})


def codes_panel(request: HttpRequest, sku: Sku) -> PanelContent:
    """Barcodes and channel SKUs."""
    names = source_names()
    aliases = [(alias, names.get(alias.source, alias.source)) for alias in sku.aliases.order_by("source", "id")]
    context = {"barcodes": list(sku.barcodes.order_by("gtin")), "aliases": aliases}
    actions = (
        PageAction(
            label=_("Barcode"),
            url=reverse("inventory:barcode_add", args=[sku.pk]),
            dialog=True,
            permission="inventory.add_skubarcode",
            icon="plus",
        ),
        PageAction(
            label=_("Channel SKU"),
            url=reverse("inventory:alias_add", args=[sku.pk]),
            dialog=True,
            permission="inventory.add_skualias",
            icon="plus",
        ),
    )
    return PanelContent("inventory/_sku_codes.html", context, actions=actions)


def product_skus_panel(request: HttpRequest, product: Product) -> PanelContent:
    """The SKUs of a product."""
    skus = [(sku, SkuStatus(sku.status)) for sku in product.skus.order_by("code")[:200]]
    return PanelContent("inventory/_product_skus.html", {"skus": skus}, count=len(skus))


def warehouse_facts_panel(request: HttpRequest, warehouse: Warehouse) -> PanelContent:
    """Address and working hours."""
    address = Address(
        name=warehouse.contact_name,
        phone=warehouse.phone,
        country=warehouse.country,
        province=warehouse.province,
        city=warehouse.city,
        district=warehouse.district,
        street=warehouse.street,
        postal_code=warehouse.postal_code,
    )
    lines = format_address(address, get_language() or "en")
    return PanelContent("inventory/_warehouse_facts.html", {"warehouse": warehouse, "lines": lines})


def warehouse_stock_panel(request: HttpRequest, warehouse: Warehouse) -> PanelContent:
    """How the stock of a warehouse stands, as figures that lead to their rows."""
    figures = stock_figures(levels_for(request.user).filter(warehouse=warehouse))
    url = f"{reverse('inventory:level_list')}?warehouse={warehouse.pk}&"
    return PanelContent("inventory/_stock_figures.html", {"figures": figures, "url": url})

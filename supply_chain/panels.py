"""The panels of the purchasing pages, and of the SKU page."""

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.ui.content import PageAction, PanelContent
from inventory.models import Sku
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import PurchaseOrder, Supplier
from supply_chain.rules.purchasing import line_total
from supply_chain.selectors import EXPECTED_VALUES, orders_for

ROWS = 50
_OPEN = sorted(PurchaseOrderStatus.OPEN)


def lines_panel(request: HttpRequest, order: PurchaseOrder) -> PanelContent:
    """What is ordered and what has come."""
    lines = list(order.lines.select_related("sku").order_by("pk"))
    draft = order.status == PurchaseOrderStatus.DRAFT
    add = PageAction(
        label=_("Add a line"),
        url=reverse("supply_chain:line_save", args=[order.pk]),
        dialog=True,
        permission="supply_chain.change_purchaseorder",
        icon="plus",
        key="l",
    )
    rows = [(line, line_total(line.quantity, line.unit_cost, order.currency)) for line in lines]
    context = {"rows": rows, "order": order, "draft": draft}
    return PanelContent("supply_chain/_order_lines.html", context, len(lines), (add,) if draft else ())


def receipts_panel(request: HttpRequest, order: PurchaseOrder) -> PanelContent | None:
    """The deliveries that came for the order."""
    receipts = list(
        order.receipts.select_related("received_by").prefetch_related("lines__order_line__sku").order_by("-pk")
    )
    if not receipts:
        return None
    return PanelContent("supply_chain/_order_receipts.html", {"receipts": receipts}, len(receipts))


def order_facts_panel(request: HttpRequest, order: PurchaseOrder) -> PanelContent:
    """Who, where, when, how much."""
    return PanelContent("supply_chain/_order_facts.html", {"order": order})


def offers_panel(request: HttpRequest, supplier: Supplier) -> PanelContent:
    """What the supplier offers."""
    offers = list(supplier.offers.select_related("sku").order_by("sku__code")[:200])
    add = PageAction(
        label=_("Add an offer"),
        url=reverse("supply_chain:offer_save", args=[supplier.pk]),
        dialog=True,
        permission="supply_chain.change_suppliersku",
        icon="plus",
    )
    return PanelContent("supply_chain/_supplier_offers.html", {"offers": offers}, len(offers), (add,))


def supplier_facts_panel(request: HttpRequest, supplier: Supplier) -> PanelContent:
    """Contact and terms."""
    return PanelContent("supply_chain/_supplier_facts.html", {"supplier": supplier})


def supplier_orders_panel(request: HttpRequest, supplier: Supplier) -> PanelContent | None:
    """The newest purchase orders."""
    if not request.user.has_perm("supply_chain.view_purchaseorder"):
        return None
    rows = orders_for(request.user).filter(supplier=supplier).order_by("-pk")[:10]
    orders = [(order, PurchaseOrderStatus(order.status)) for order in rows]
    url = f"{reverse('supply_chain:purchase_order_list')}?supplier={supplier.pk}"
    more = PageAction(label=_("All"), url=url)
    return PanelContent("supply_chain/_supplier_orders.html", {"orders": orders}, actions=(more,))


def sku_purchasing_panel(request: HttpRequest, sku: Sku) -> PanelContent | None:
    """On the SKU page: who offers it, what is on its way, and which orders for it don't go on yet."""
    offers = list(sku.offers.select_related("supplier").order_by("-is_preferred", "unit_cost")[:20])
    found = orders_for(request.user).filter(lines__sku=sku, status__in=_OPEN).select_related("supplier").distinct()
    rows = found.order_by(F("expected_on").asc(nulls_last=True), "pk")[:20]
    orders = [(order, "" if order.status in EXPECTED_VALUES else PurchaseOrderStatus(order.status)) for order in rows]
    add = PageAction(
        label=_("Add an offer"),
        url=reverse("supply_chain:sku_offer", args=[sku.pk]),
        dialog=True,
        permission="supply_chain.change_suppliersku",
        icon="plus",
    )
    return PanelContent("supply_chain/_sku_purchasing.html", {"offers": offers, "orders": orders}, actions=(add,))

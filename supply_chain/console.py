"""Purchasing in the console: navigation, panels, search, cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.audit.words import register_action_labels
from core.ui.changes import register_change_names
from core.ui.content import PanelContent
from core.ui.counting import capped_count
from core.ui.create import register_create
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.today import register_today_card
from inventory.documents import DocumentLink, register_document
from supply_chain import panels
from supply_chain.enums import PurchaseOrderStatus
from supply_chain.models import GoodsReceiptLine, PurchaseOrder, PurchaseOrderLine
from supply_chain.selectors import orders_for, receivable_orders, short_skus
from supply_chain.services.journal import LINE, RECEIPT_LINE

_BUYER = (Role.BUYER.value,)
_OPERATOR = (Role.WAREHOUSE_OPERATOR.value,)


def _to_order(user: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = short_skus()
    return rows.filter(short__gt=0)


def _to_approve(user: Any) -> QuerySet[PurchaseOrder]:
    return orders_for(user).filter(status=PurchaseOrderStatus.PENDING_APPROVAL)


register_nav(
    "supply_chain",
    NavItem(
        _("Shortages"),
        "supply_chain:shortage_list",
        "inventory.view_stockdemand",
        "alert-square-rounded",
        count=lambda user: capped_count(_to_order(user)),
        order=10,
        roles=_BUYER,
    ),
)
register_nav(
    "supply_chain",
    NavItem(
        _("Purchase orders"),
        "supply_chain:purchase_order_list",
        "supply_chain.view_purchaseorder",
        "file-invoice",
        count=lambda user: capped_count(_to_approve(user)),
        order=20,
        roles=_BUYER,
    ),
)
register_nav(
    "supply_chain",
    NavItem(
        _("Goods receipts"),
        "supply_chain:receipt_list",
        "supply_chain.view_goodsreceipt",
        "package-import",
        order=30,
    ),
)
register_nav(
    "supply_chain",
    NavItem(_("Suppliers"), "supply_chain:supplier_list", "supply_chain.view_supplier", "building-factory-2", order=40),
)
register_nav(
    "warehouse",
    NavItem(
        _("Receiving"),
        "supply_chain:receiving",
        "supply_chain.receive_purchaseorder",
        "package-import",
        count=lambda user: capped_count(receivable_orders(user)),
        order=50,
        roles=_OPERATOR,
    ),
)
register_create(
    _("Purchase order"),
    "supply_chain:purchase_order_create",
    "supply_chain.add_purchaseorder",
    icon="file-invoice",
    order=30,
)
register_create(
    _("Supplier"), "supply_chain:supplier_create", "supply_chain.add_supplier", icon="building-factory-2", order=70
)

_ORDER = "supply_chain.purchaseorder"
_SUPPLIER = "supply_chain.supplier"
register_panel(_ORDER, code="lines", title=_("Lines"), render=panels.lines_panel, order=10)
register_panel(_ORDER, code="receipts", title=_("Deliveries"), render=panels.receipts_panel, order=20)
register_panel(_ORDER, code="facts", title=_("Facts"), render=panels.order_facts_panel, order=10, column="side")
register_panel(_SUPPLIER, code="offers", title=_("Offers"), render=panels.offers_panel, order=10)
register_panel(_SUPPLIER, code="orders", title=_("Purchase orders"), render=panels.supplier_orders_panel, order=20)
register_panel(
    _SUPPLIER, code="facts", title=_("Contact and terms"), render=panels.supplier_facts_panel, order=10, column="side"
)
register_panel(
    "inventory.sku",
    code="purchasing",
    title=_("Purchasing"),
    render=panels.sku_purchasing_panel,
    order=30,
    column="side",
    permission="supply_chain.view_purchaseorder",
)
register_change_names("supply_chain.purchaseorder", {"units": (_("Units"), {})})
register_change_names("supply_chain.supplier", {"offer": (_("Offer"), {})})
register_action_labels(
    {
        "supply_chain.supplier_created": (_("Supplier created"), "plus", "success"),
        "supply_chain.supplier_changed": (_("Supplier changed"), "pencil", "neutral"),
        "supply_chain.purchase_order_created": (_("Draft written"), "plus", "neutral"),
        "supply_chain.purchase_order_lines_changed": (_("Lines changed"), "pencil", "neutral"),
        "supply_chain.purchase_order_goods_received": (_("Goods received"), "package-import", "success"),
        **{
            f"supply_chain.purchase_order_{status.value}": (status.label, status.icon, status.colour)
            for status in PurchaseOrderStatus
        },
    }
)


def find_orders(user: Any, query: str, limit: int) -> list[SearchHit]:
    """Purchase orders by number or by the supplier's reference."""
    rows = orders_for(user).select_related("supplier")
    found = rows.filter(number__iexact=query) | rows.filter(supplier_reference=query)
    return [
        SearchHit(order.number, order.supplier.name, order.get_absolute_url(), "file-invoice")
        for order in found.order_by("-pk")[:limit]
    ]


register_search(
    "purchase_orders",
    _("Purchase orders"),
    "supply_chain.view_purchaseorder",
    find_orders,
    order=50,
    url_name="supply_chain:purchase_order_list",
)


def _find_lines(user: Any, ids: Sequence[int]) -> Mapping[int, DocumentLink]:
    lines = PurchaseOrderLine.objects.filter(pk__in=ids).select_related("order")
    return {line.pk: DocumentLink(line.order.number, line.order.get_absolute_url()) for line in lines}


def _find_receipt_lines(user: Any, ids: Sequence[int]) -> Mapping[int, DocumentLink]:
    lines = GoodsReceiptLine.objects.filter(pk__in=ids).select_related("receipt__order")
    return {line.pk: DocumentLink(line.receipt.number, line.receipt.order.get_absolute_url()) for line in lines}


register_document(LINE, _find_lines)
register_document(RECEIPT_LINE, _find_receipt_lines)


def buying_card(request: HttpRequest) -> PanelContent | None:
    """What a buyer has to see to: shortages, approvals, late deliveries."""
    late = receivable_orders(request.user).filter(expected_on__lt=timezone.localdate())
    context = {
        "short": capped_count(_to_order(request.user)),
        "approve": capped_count(_to_approve(request.user)),
        "late": capped_count(late),
        "orders_url": reverse("supply_chain:purchase_order_list"),
        "short_url": f"{reverse('supply_chain:shortage_list')}?short=true",
    }
    if not (context["short"] or context["approve"] or context["late"]):
        return None
    return PanelContent("supply_chain/_buying_card.html", context)


register_today_card(
    "supply_chain.buying", "supply_chain.view_purchaseorder", 50, buying_card, title=_("Purchasing"), lazy=True
)

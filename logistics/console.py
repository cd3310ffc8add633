"""Where logistics shows in the console."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.selectors import may_see_personal_data
from core.audit.words import register_action_labels
from core.cases.panels import cases_panel, open_case_lines
from core.cases.permissions import VIEW as VIEW_CASE
from core.redaction import mask
from core.ui.content import PageAction, PanelContent
from core.ui.counting import capped_count, count_label
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.setup_links import register_setting
from core.ui.timeline import register_timeline
from core.ui.today import register_today_card
from logistics.codes import SHIPMENT_SUBJECT
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from logistics.public import tracking_url
from logistics.selectors import order_shipments, rating_of, visible_shipments
from logistics.services.consequences import PROBLEM_STATES
from logistics.tables import cutoff_badge
from logistics.views.shipments import TROUBLE, tracking_entries
from logistics.views.warehouse import picks_waiting
from orders.models import Order
from orders.selectors.orders import fulfilments_for
from orders.selectors.search import register_order_lookup

OPERATOR = (Role.WAREHOUSE_OPERATOR.value,)
SERVICE = (Role.CUSTOMER_SERVICE.value,)
_TRACKING_PREFIX = 6
MOST_STARS = 5


def _to_pick(user: Any) -> int:
    return capped_count(fulfilments_for(user).filter(status="released"))


def _to_hand_over(user: Any) -> int:
    return capped_count(fulfilments_for(user).filter(status="packed"))


def _in_trouble(user: Any) -> int:
    trouble = (ShipmentStatus.ATTEMPT_FAILED, ShipmentStatus.EXCEPTION, ShipmentStatus.DELAYED, ShipmentStatus.LOST)
    return capped_count(visible_shipments(user).filter(status__in=trouble, problem_settled_at=None))


register_nav(
    "warehouse",
    NavItem(
        _("Pick and pack"), "logistics:pick_next", "orders.pick_fulfilment", "barcode", count=_to_pick, order=5,
        roles=OPERATOR,
    ),
)  # fmt: skip
register_nav(
    "warehouse",
    NavItem(
        _("Fulfilment orders"), "logistics:fulfilment_list", "orders.view_fulfilmentorder", "clipboard-list", order=10,
        roles=OPERATOR,
    ),
)  # fmt: skip
register_nav(
    "warehouse",
    NavItem(
        _("To hand over"), "logistics:fulfilment_list", "orders.pick_fulfilment", "truck-loading", count=_to_hand_over,
        order=20, query="status=packed&view=packed",
    ),
)  # fmt: skip
register_setting(
    _("Shipping"),
    _("Carriers"),
    "admin:logistics_carrier_changelist",
    "logistics.change_carrier",
    description=_("Accounts, services and how often they are asked where parcels are"),
    icon="truck",
)
register_setting(
    _("Shipping"),
    _("Carrier rules"),
    "admin:logistics_carrierrule_changelist",
    "logistics.change_carrierrule",
    description=_("Which carrier takes which order"),
    icon="route",
)
register_nav(
    "shipping",
    NavItem(_("Shipments"), "logistics:shipment_list", "logistics.view_shipment", "truck-delivery", order=10,
            roles=OPERATOR + SERVICE),
)  # fmt: skip
register_nav(
    "shipping",
    NavItem(
        _("In trouble"), "logistics:shipment_list", "logistics.handle_shipment", "alert-triangle", count=_in_trouble,
        order=20, urgent=True, query=f"{TROUBLE}&view=trouble",
    ),
)  # fmt: skip


def _search(user: Any, query: str, limit: int) -> list[SearchHit]:
    found = visible_shipments(user).filter(tracking_number__startswith=query.upper()).select_related("order", "carrier")
    return [
        SearchHit(
            title=shipment.tracking_number,
            subtitle=f"{shipment.carrier} · {shipment.order.number} · {ShipmentStatus(shipment.status).label}",
            url=reverse("logistics:shipment_detail", args=[shipment.pk]),
            icon="truck-delivery",
        )
        for shipment in found.order_by("-id")[:limit]
    ]


def _orders_with_tracking_number(text: str) -> QuerySet[Any]:
    """For the search of orders: from six characters on, for few parcels share that much."""
    number, shipments = text.upper(), Shipment.objects.values("order_id")
    if len(number) < _TRACKING_PREFIX:
        return shipments.filter(tracking_number=number)
    return shipments.filter(tracking_number__startswith=number)


register_order_lookup(_orders_with_tracking_number)
register_search(
    "shipments", _("Shipments"), "logistics.view_shipment", _search, order=20, url_name="logistics:shipment_list"
)


def _order_shipments(request: HttpRequest, order: Order) -> PanelContent | None:
    """On the order's page: its parcels, and the customer's own link for those who may do what it lets one do."""
    rows = order_shipments(request.user, order.pk)
    troubled = [row.pk for row in rows if row.status in PROBLEM_STATES | {ShipmentStatus.ATTEMPT_FAILED}]
    cases = open_case_lines(request, SHIPMENT_SUBJECT, troubled)
    shown = [{"shipment": row, "status": ShipmentStatus(row.status), "cases": cases.get(row.pk, ())} for row in rows]
    link = PageAction(
        label=_("Customer's page"), url=tracking_url(order.pk), icon="external-link", permission="orders.cancel_order"
    )
    context = {"shipments": shown, "rating": _rating(order, rows, request.user)}
    return PanelContent("logistics/_order_shipments.html", context, count=len(rows), actions=(link,))


def _rating(order: Order, rows: Sequence[Any], user: Any) -> dict[str, Any] | None:
    """What the customer said on the tracking page; their words only for those who may see personal data."""
    if rows:
        stars, comment = rows[0].rated_stars, rows[0].rated_comment
    elif order.delivered_at:  # without a parcel of its own
        stars, comment = rating_of(order.pk)
    else:
        return None
    if stars is None:
        return None
    shown = comment if may_see_personal_data(user) else mask(comment)
    return {"stars": stars, "drawn": "★" * stars + "☆" * (MOST_STARS - stars), "comment": shown}


def _facts(request: HttpRequest, shipment: Shipment) -> PanelContent:
    return PanelContent("logistics/_shipment_facts.html")


def _contents(request: HttpRequest, shipment: Shipment) -> PanelContent:
    lines = list(shipment.fulfilment.lines.select_related("sku").order_by("pk"))
    return PanelContent("logistics/_shipment_lines.html", {"lines": lines}, count=len(lines))


def _warehouse_card(request: HttpRequest) -> PanelContent:
    waiting = picks_waiting(request)
    fulfilments = fulfilments_for(request.user)
    lists = reverse("logistics:fulfilment_list")
    figures = [
        (_("To pick"), count_label(capped_count(waiting)), f"{lists}?status=released&view=to_pick"),
        (_("Being picked"), _count(fulfilments.filter(status="picking")), f"{lists}?status=picking&view=picking"),
        (_("To hand over"), _count(fulfilments.filter(status="packed")), f"{lists}?status=packed&view=packed"),
    ]
    first = waiting.first()
    badge = cutoff_badge(first) if first else None
    return PanelContent("logistics/_today.html", {"figures": figures, "first": first, "badge": badge})


def _count(queryset: Any) -> str:
    return count_label(capped_count(queryset))


register_panel(
    "orders.order", code="shipments", title=_("Shipments"), render=_order_shipments, order=40,
    permission="logistics.view_shipment",
)  # fmt: skip
register_panel(
    "logistics.shipment", code="cases", title=_("Exceptions"), render=cases_panel(SHIPMENT_SUBJECT), order=5,
    permission=VIEW_CASE,
)  # fmt: skip
register_panel("logistics.shipment", code="contents", title=_("Contents"), render=_contents, order=20)
register_panel("logistics.shipment", code="facts", title=_("Parcel"), render=_facts, order=10, column="side")
register_timeline("logistics.shipment", tracking_entries)
register_today_card(
    "logistics.warehouse", "orders.pick_fulfilment", 20, _warehouse_card, title=_("Warehouse"), size="m"
)
register_action_labels(
    {
        "logistics.label_retried": (_("Label tried again"), "tag", "info"),
        "logistics.shipment_carrier_changed": (_("Carrier changed"), "switch-horizontal", "info"),
        "logistics.checked_by_hand": (_("Carrier asked by hand"), "refresh", "neutral"),
        "logistics.carrier_resumed": (_("Labels of the carrier tried again"), "player-play", "info"),
        "logistics.shipment_cancelled": (_("Parcel cancelled"), "ban", "danger"),
        "logistics.shipped_again": (_("Sent again"), "repeat", "info"),
        "logistics.parcel_replaced": (_("Replacement sent"), "repeat", "info"),
        "logistics.parcel_written_off": (_("Refunded, not sent again"), "receipt-refund", "warning"),
        "logistics.relabelled": (_("New label stuck on"), "tag", "success"),
        "logistics.problem_settled": (_("Problem settled"), "circle-check", "success"),
    }
)

"""Where orders shows in the console: navigation, search, create menu, Today, timeline."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.accounts.enums import Role
from core.accounts.scopes import register_scope_kind
from core.accounts.selectors import scope_ids
from core.actor import actor_name, reason_words
from core.audit.words import register_action_labels
from core.cases.panels import cases_panel
from core.cases.permissions import VIEW
from core.ui.changes import register_change_names
from core.ui.content import PanelContent
from core.ui.counting import capped_count
from core.ui.create import register_create
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.timeline import TimelineEntry, register_timeline
from core.ui.today import register_today_card
from core.words import said_of
from crm.models import Customer
from crm.presentation import register_source_names
from crm.selectors import register_customer_restriction
from inventory.documents import register_document
from inventory.sources import register_source_names as register_alias_sources
from orders import intake_panels, panels
from orders.codes import DEMAND_DOCUMENT, ORDER_SUBJECT, RESERVATION_DOCUMENT
from orders.documents import find_fulfilment_lines, find_order_lines
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus, PaymentStatus
from orders.models import Channel, Order
from orders.schema.words import field_labels
from orders.selectors.orders import orders_for
from orders.selectors.search import search_orders
from orders.selectors.today import desk_figures

PAGE = "orders.order"


def _held_count(user: Any) -> int:
    return capped_count(orders_for(user).filter(open_hold_count__gt=0))


def _customers_in_scope(customers: QuerySet[Customer], user: Any) -> QuerySet[Customer]:
    """A person limited to channels sees the customers that have ordered there."""
    if scope_ids(user, "channel") is None and scope_ids(user, "warehouse") is None:
        return customers
    return customers.filter(Exists(orders_for(user).filter(customer=OuterRef("pk"))))


def _search(user: Any, query: str, limit: int) -> list[SearchHit]:
    return [
        SearchHit(
            title=order.number,
            subtitle=f"{order.channel.name} {order.channel_number} · {OrderStatus(order.status).label}",
            url=reverse("orders:order_detail", args=[order.pk]),
            icon="shopping-bag",
        )
        for order in search_orders(user, query, limit)
    ]


def _desk(request: HttpRequest) -> PanelContent:
    return PanelContent("orders/_today.html", {"figures": desk_figures(request.user)})


def _history(order: Order, user: Any) -> Iterable[TimelineEntry]:
    """The order's own way and that of its fulfilment orders.

    Its first status is told by the audit's "Received", its cancellation by the audit's entry with the same reason.
    """
    for row in order.steps:  # type: ignore[attr-defined]
        if not row["fulfilment"] and row["to_status"] == OrderStatus.CANCELLED:
            continue
        state: Any = FulfilmentStatus(row["to_status"]) if row["fulfilment"] else OrderStatus(row["to_status"])
        yield TimelineEntry(
            at=datetime.fromisoformat(row["at"]),
            title=said_of(row["fulfilment"], state.label) if row["fulfilment"] else state.label,
            body=reason_words(row["reason"]),
            actor=actor_name(row["actor_label"]),
            icon=state.icon,
            colour=state.colour,
        )


def _channel_names() -> dict[str, str]:
    return dict(Channel.objects.values_list("code", "name"))


register_scope_kind("channel", _("Channels"), lambda: Channel.objects.values_list("id", "name"))
register_customer_restriction(_customers_in_scope)
register_source_names(_channel_names)
register_alias_sources(_channel_names)
clerk = (Role.ORDER_CLERK.value,)
register_nav(
    "orders",
    NavItem(
        _("All orders"), "orders:order_list", "orders.view_order", "shopping-bag", order=10, roles=clerk,
        query="view=all",
    ),
)  # fmt: skip
register_nav(
    "orders",
    NavItem(
        _("On hold"),
        "orders:order_list",
        "orders.hold_order",
        "hand-stop",
        count=_held_count,
        order=20,
        query="on_hold=true&view=held",
        roles=clerk,
    ),
)
register_nav(
    "orders",
    NavItem(_("Import"), "orders:import_new", "orders.import_order", "upload", order=60, roles=clerk),
)
register_nav("orders", NavItem(_("Intake messages"), "orders:intake_list", "orders.view_intake", "inbox", order=70))
register_nav("settings", NavItem(_("Channels"), "orders:channel_list", "orders.view_channel", "plug", order=20))
register_search("orders", _("Orders"), "orders.view_order", _search, order=10, url_name="orders:order_list")
register_create(_("Order"), "orders:order_create", "orders.add_order", icon="shopping-bag", order=10)
register_create(_("Order import"), "orders:import_new", "orders.import_order", icon="upload", order=20)
register_today_card("orders.desk", "orders.approve_order", 10, _desk, title=_("Order desk"), size="l")
panels.register()
intake_panels.register()
register_panel(PAGE, code="cases", title=_("Exceptions"), render=cases_panel(ORDER_SUBJECT), order=5, permission=VIEW)
register_timeline(PAGE, _history)
register_change_names(ORDER_SUBJECT, {path: (label, {}) for path, label in field_labels().items() if "." in path})
register_change_names(
    ORDER_SUBJECT,
    {
        "hold": (_("Hold"), dict(HoldReason.choices)),
        "lines": (_("Lines"), {}),
        "refund": (_("Refund"), {}),
        "payment.status": (_("Payment"), dict(PaymentStatus.choices)),
    },
)
register_action_labels(
    {
        "orders.hold_placed": (pgettext_lazy("event", "Put on hold"), "hand-stop", "warning"),
        "orders.hold_released": (_("Hold released"), "lock-open", "success"),
        "orders.edited": (_("Corrected"), "pencil", "info"),
        "orders.approved": (_("Approved by hand"), "circle-check", "success"),
        "orders.unapproved": (_("Taken back to review"), "arrow-back-up", "warning"),
        "orders.cancelled": (_("Cancelled"), "ban", "danger"),
        "orders.cancellation_refused": (_("Cancellation came too late"), "hand-stop", "warning"),
        "orders.refunded": (_("Refund recorded"), "receipt-refund", "info"),
        "orders.note": (_("Note"), "message", "neutral"),
    }
)

register_document(RESERVATION_DOCUMENT, find_fulfilment_lines)
register_document(DEMAND_DOCUMENT, find_order_lines)

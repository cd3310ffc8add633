"""The order page's own panels; shipments, cases and tracking come from the apps that know of them."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import may_see_personal_data
from core.addresses import format_address, mask_address, mask_email, mask_name, mask_phone
from core.phones import format_phone
from core.redaction import mask
from core.ui.content import PageAction, PanelContent
from core.ui.panels import register_panel
from orders.case_facts import other_order_url
from orders.enums import FindingSeverity, FulfilmentStatus, OrderStatus
from orders.finding_words import expected_words, suggested_words
from orders.models import IntakeMessage, Order
from orders.rules.masking import masked_finding
from orders.rules.payment_methods import payment_method_name
from orders.rules.validation import message
from orders.selectors.facts import ship_to
from orders.selectors.orders import fulfilments_with_lines, lines_of, orders_for

PAGE = "orders.order"


def register() -> None:
    """Called once from orders.console."""
    register_panel(PAGE, code="findings", title=_("What validation found"), render=findings, order=3)
    register_panel(PAGE, code="lines", title=_("Lines"), render=lines, order=20)
    register_panel(PAGE, code="fulfilments", title=_("Fulfilment"), render=fulfilments, order=30)
    register_panel(PAGE, code="ship_to", title=_("Ship to"), render=recipient, order=10, column="side")
    register_panel(PAGE, code="money", title=_("Payment"), render=money, order=30, column="side")
    register_panel(PAGE, code="dates", title=_("Times"), render=dates, order=40, column="side")
    register_panel(
        PAGE, code="messages", title=_("Intake messages"), render=messages, order=50, column="side",
        permission="orders.view_intake",
    )  # fmt: skip
    register_panel("crm.customer", code="orders", title=_("Orders"), render=customer_orders, order=20,
                   permission="orders.view_order")  # fmt: skip


def findings(request: HttpRequest, order: Order) -> PanelContent | None:
    """Errors first; a fix that is known is one button."""
    found = order.found  # type: ignore[attr-defined]
    if not found:
        return None
    if not may_see_personal_data(request.user):
        found = [masked_finding(finding) for finding in found]
    ranks = list(FindingSeverity)
    rows = [
        {
            "severity": FindingSeverity(finding["severity"]),
            "message": message(finding["code"], finding["params"], order.currency),
            "expected": expected_words(finding, order.currency),
            "suggestion": suggested_words(finding, order),
            "other_url": other_order_url(finding),
            "fix_url": _fix_url(order, finding["id"]) if finding["suggestion"] else "",
        }
        for finding in sorted(found, key=lambda finding: ranks.index(FindingSeverity(finding["severity"])))
    ]
    may_fix = request.user.has_perm("orders.edit_order") and _is_editable(order)
    return PanelContent("orders/_findings.html", {"findings": rows, "may_fix": may_fix}, count=len(rows))


def _is_editable(order: Order) -> bool:
    return order.released_at is None and order.status in OrderStatus.OPEN


def _fix_url(order: Order, finding_id: int) -> str:
    return reverse("orders:suggestion_apply", args=[order.pk, finding_id])


def lines(request: HttpRequest, order: Order) -> PanelContent:
    rows = lines_of(order)
    may_edit = request.user.has_perm("orders.edit_order") and order.allocated_at is None and _is_editable(order)
    return PanelContent("orders/_lines.html", {"lines": rows, "may_edit": may_edit}, count=len(rows))


def fulfilments(request: HttpRequest, order: Order) -> PanelContent | None:
    """Which warehouse sends what, and why that one."""
    shown = [
        {"fulfilment": row, "status": FulfilmentStatus(row.status), "lines": row.contents}  # type: ignore[attr-defined]
        for row in fulfilments_with_lines(order)
    ]
    return PanelContent("orders/_fulfilments.html", {"fulfilments": shown}, count=len(shown)) if shown else None


def recipient(request: HttpRequest, order: Order) -> PanelContent:
    address, email = ship_to(order), order.buyer_email
    unmasked = may_see_personal_data(request.user)
    phone = format_phone(address.phone, address.country) if unmasked else mask_phone(address.phone)
    if not unmasked:
        address, email = mask_address(address), mask_email(email)
    context = {
        "customer": order.customer,
        "customer_name": order.customer.name if unmasked else mask_name(order.customer.name),
        "lines": format_address(address, request.LANGUAGE_CODE),
        "phone": phone,
        "email": email,
        "note": order.buyer_note if unmasked else mask(order.buyer_note),
    }
    actions: tuple[PageAction, ...] = ()
    if _is_editable(order):
        actions = (
            PageAction(
                label=_("Correct"),
                url=reverse("orders:order_edit", args=[order.pk]),
                icon="pencil",
                permission="orders.edit_order",
            ),
        )
    return PanelContent("orders/_recipient.html", context, actions=actions)


def money(request: HttpRequest, order: Order) -> PanelContent:
    balance = order.balance
    actions: tuple[PageAction, ...] = (refund_action(order),) if balance.refund_due else ()
    context = {"payment_method": payment_method_name(order.payment_method), "balance": balance}
    return PanelContent("orders/_money.html", context, actions=actions)


def refund_action(order: Order, style: str = "default") -> PageAction:
    """Noting that the customer got back what is due."""
    return PageAction(
        label=_("Record refund"),
        url=reverse("orders:order_refund", args=[order.pk]),
        icon="receipt-refund",
        permission="orders.record_payment",
        style=style,
        dialog=True,
    )


def dates(request: HttpRequest, order: Order) -> PanelContent:
    """The instants of the order's way, in its order."""
    names = (
        "placed_at",
        "received_at",
        "validated_at",
        "approved_at",
        "allocated_at",
        "released_at",
        "shipped_at",
        "delivered_at",
        "cancelled_at",
        "ship_by",
    )
    steps = [(_label(name), getattr(order, name)) for name in names]
    return PanelContent("orders/_dates.html", {"steps": [(label, at) for label, at in steps if at]})


def _label(name: str) -> Any:
    field: Any = Order._meta.get_field(name)
    return field.verbose_name


def messages(request: HttpRequest, order: Order) -> PanelContent | None:
    rows = [
        IntakeMessage(**{**row, "received_at": datetime.fromisoformat(row["received_at"])})
        for row in order.newest_messages  # type: ignore[attr-defined]
    ]
    if not rows:
        return None
    return PanelContent("orders/_messages.html", {"messages": rows}, count=len(rows))


def customer_orders(request: HttpRequest, customer: Any) -> PanelContent:
    """On the customer's page: the newest orders."""
    rows = list(orders_for(request.user).filter(customer=customer).select_related("channel").order_by("-id")[:20])
    return PanelContent("orders/_customer_orders.html", {"orders": rows})

"""The order list and the order page."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.accounts.enums import Role
from core.actor import Actor
from core.cases.panels import case_banners
from core.ui.content import Badge, Banner, EmptyState, Header, PageAction
from core.ui.formats import absolute_text, money_text, relative_text
from core.ui.lists import PresetView
from core.ui.views import DetailPage, ListPage
from orders.bulk import ORDER_ACTIONS
from orders.codes import ORDER_SUBJECT, VALIDATION_FAILED
from orders.enums import CORRECTABLE, ON_THE_WAY, HoldReason, OrderStatus, PaymentStatus
from orders.filters import OrderFilter
from orders.models import Hold, Order
from orders.panels import refund_action
from orders.rules.balance import refundable
from orders.rules.hold_policy import release_right
from orders.selectors.orders import order_for_page, orders_for, orders_for_page
from orders.services.edit import add_note
from orders.tables import ORDER_COLUMNS, hold_words

OPEN_HOLDS = Prefetch(
    "holds", queryset=Hold.objects.filter(released_at=None).order_by("placed_at"), to_attr="open_holds"
)


class OrderList(ListPage[Order]):
    key = "orders.order"
    title = _("Orders")
    model = Order
    permission = "orders.view_order"
    columns = ORDER_COLUMNS
    filterset_class = OrderFilter
    actions = ORDER_ACTIONS
    url_name = "orders:order_list"
    icon = "shopping-bag"
    views = (
        PresetView("open", _("Open"), "status=pending_review&status=pending_payment&status=approved"),
        PresetView("review", _("In review"), "status=pending_review", roles=(Role.ORDER_CLERK.value,)),
        PresetView("held", _("On hold"), "on_hold=true"),
        PresetView("unpaid", _("Awaiting payment"), "status=pending_payment"),
        PresetView("backordered", _("Waiting for stock"), "backordered=true"),
        PresetView("refund_due", _("Refund due"), "refund_due=true", roles=(Role.ORDER_CLERK.value,)),
        PresetView("on_the_way", _("On the way"), "status=shipped&status=partially_shipped"),
    )

    def get_queryset(self, user: Any) -> QuerySet[Order]:
        return orders_for(user).select_related("channel", "customer").prefetch_related(OPEN_HOLDS)

    def filterset(self, user: Any, query: QueryDict) -> OrderFilter:
        filterset = OrderFilter(query, queryset=self.get_queryset(user), user=user)
        filterset.offer_within(user)
        return filterset

    def row_url(self, row: Order) -> str:
        return reverse("orders:order_detail", args=[row.pk])

    def row_label(self, row: Order) -> str:
        return row.number

    def row_class(self, row: Order) -> str:
        return "row-muted" if row.status == OrderStatus.CANCELLED else ""

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No orders"),
            body=_("Orders appear here as channels send them. Import a file or connect a channel to start."),
            icon=self.icon,
            action=PageAction(
                label=_("Import orders"),
                url=reverse("orders:import_new"),
                icon="upload",
                permission="orders.import_order",
            ),
        )

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("New order"),
            url=reverse("orders:order_create"),
            icon="plus",
            permission="orders.add_order",
            style="primary",
        )

    def menu(self, user: Any) -> Sequence[PageAction]:
        return (
            PageAction(
                label=_("Import orders"),
                url=reverse("orders:import_new"),
                icon="upload",
                permission="orders.import_order",
            ),
        )


class OrderDetail(DetailPage[Order]):
    key = "orders.order"
    list_key = "orders.order"
    permission = "orders.view_order"
    audit_subject = ORDER_SUBJECT
    note_permission = "orders.edit_order"

    def header(self, obj: Order) -> Header:
        primary = _primary(obj)
        return Header(
            title=obj.number,
            code=obj.number,
            line=_state_line(obj),
            status=OrderStatus(obj.status),
            badges=_badges(obj),
            primary=primary,
            menu=[entry for entry in _menu(obj) if primary is None or entry.url != primary.url],
        )

    def get_queryset(self, user: Any) -> QuerySet[Order]:
        return orders_for_page(user)

    def get_object(self) -> Order:
        order = order_for_page(self.request.user, self.kwargs["pk"])
        if order is None:
            raise Http404
        return order

    def banners(self, obj: Order) -> Sequence[Banner]:
        """Holds, and the open cases that no hold stands for."""
        holds = obj.holds.filter(released_at=None).order_by("placed_at") if obj.open_hold_count else ()
        cases = case_banners(self.request, ORDER_SUBJECT, obj.pk, leave_out={VALIDATION_FAILED})
        return [*(_hold_banner(hold) for hold in holds), *cases]

    def add_note(self, obj: Order, text: str, user: Any) -> None:
        add_note(order_id=obj.pk, text=text, actor=Actor.for_user(user))


def _state_line(order: Order) -> str:
    units = ngettext("%(count)s unit", "%(count)s units", order.unit_count) % {"count": order.unit_count}
    total = money_text(order.total, order.currency)
    technical = f" ({order.external_id})" if order.display_number else ""
    return (
        f"{order.channel.name} {order.channel_number}{technical} · {units} · {total} · {relative_text(order.placed_at)}"
    )


def _badges(order: Order) -> list[Any]:
    badges: list[Any] = [PaymentStatus(order.payment_status)]
    if order.balance.refund_due:
        badges.append(Badge(label=_("Refund due"), colour="danger", icon="receipt-refund"))
    if order.released_at and (order.first_touched_at is None or order.first_touched_at > order.released_at):
        badges.append(Badge(label=_("Touchless"), colour="success", icon="robot"))
    return badges


def _primary(order: Order) -> PageAction | None:
    """The one thing that brings the order on; None where it goes on by itself."""
    if order.status == OrderStatus.CANCELLED and order.balance.refund_due:
        return refund_action(order, "primary")
    if order.status == OrderStatus.PENDING_PAYMENT:
        return PageAction(
            label=_("Record payment"),
            url=reverse("orders:order_payment", args=[order.pk]),
            icon="credit-card",
            permission="orders.record_payment",
            style="primary",
            dialog=True,
            key="p",
        )
    if order.status == OrderStatus.PENDING_REVIEW and not order.open_hold_count:
        return PageAction(
            label=_("Approve order"),
            url=reverse("orders:order_approve", args=[order.pk]),
            method="post",
            icon="circle-check",
            permission="orders.approve_order",
            style="primary",
            key="a",
        )
    if order.open_hold_count and order.status in (OrderStatus.PENDING_REVIEW, OrderStatus.APPROVED):
        return PageAction(
            label=_("Correct order"),
            url=reverse("orders:order_edit", args=[order.pk]),
            icon="pencil",
            permission="orders.edit_order",
            style="primary",
            key="e",
        )
    return None


def _menu(order: Order) -> list[PageAction]:
    menu = []
    before_release = order.released_at is None and order.status in OrderStatus.OPEN
    if order.status in CORRECTABLE | ON_THE_WAY:
        label = _("Correct recipient") if order.status in ON_THE_WAY else _("Correct order")
        menu.append(_entry(order, label, "order_edit", "pencil", "orders.edit_order"))
    if before_release:
        menu.append(_entry(order, _("Hold order"), "order_hold", "hand-stop", "orders.hold_order", dialog=True))
    if before_release and (order.payment_status != PaymentStatus.PAID or order.balance.to_collect):
        label = _("Record payment")
        menu.append(_entry(order, label, "order_payment", "credit-card", "orders.record_payment", dialog=True))
    if before_release and order.status == OrderStatus.APPROVED:
        menu.append(
            _entry(order, _("Back to review"), "order_unapprove", "arrow-back-up", "orders.approve_order", dialog=True)
        )
    balance = order.balance
    if refundable(order.status, balance) and not balance.refund_due:  # what is due has its button on the panel
        menu.append(
            _entry(order, _("Record refund"), "order_refund", "receipt-refund", "orders.record_payment", dialog=True)
        )
    if order.status in OrderStatus.OPEN and order.status != OrderStatus.SHIPPED:
        label = _("Cancel the rest") if order.status == OrderStatus.PARTIALLY_SHIPPED else _("Cancel order")
        menu.append(_entry(order, label, "order_cancel", "ban", "orders.cancel_order", dialog=True, style="danger"))
    return menu


def _entry(
    order: Order, label: Any, url_name: str, icon: str, permission: str, *, dialog: bool = False, style: str = "default"
) -> PageAction:
    url = reverse(f"orders:{url_name}", args=[order.pk])
    return PageAction(label=label, url=url, icon=icon, permission=permission, dialog=dialog, style=style)


def _hold_banner(hold: Hold) -> Banner:
    reason = HoldReason(hold.reason)
    name = hold_words(reason, absolute_text(hold.until) if hold.until else "")
    return Banner(
        level="danger" if reason.colour == "danger" else "warning",
        title=_("On hold: %(reason)s") % {"reason": name},
        body=hold.note,
        icon=reason.icon,
        actions=(
            PageAction(
                label=_("Release hold"),
                url=reverse("orders:hold_release", args=[hold.pk]),
                icon="lock-open",
                permission=release_right(reason),
                dialog=True,
            ),
        ),
    )

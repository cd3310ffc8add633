"""Purchase orders and goods receipts: lists, page, forms, steps."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.actor import Actor
from core.exceptions import DomainError
from core.ui.columns import Column
from core.ui.content import Banner, EmptyState, Header, PageAction
from core.ui.lists import PresetView
from core.ui.views import ActionPage, DetailPage, FormPage, ListPage
from inventory.selectors import warehouses_for
from inventory.views.base import ChangePage
from supply_chain import services
from supply_chain.enums import EXPECTED, PURCHASE_ORDER_TRANSITIONS, PurchaseOrderStatus
from supply_chain.filters import GoodsReceiptFilter, PurchaseOrderFilter
from supply_chain.forms import LineForm, PurchaseOrderForm, ReasonForm
from supply_chain.models import GoodsReceipt, PurchaseOrder
from supply_chain.selectors import orders_for, receipts_for

S = PurchaseOrderStatus
APPROVE = "supply_chain.approve_purchaseorder"

# What moving to a state is called on a button, and whether it needs a reason.
STEPS: dict[PurchaseOrderStatus, tuple[Any, str]] = {
    S.PENDING_APPROVAL: (_("Ask for approval"), "hourglass"),
    S.APPROVED: (_("Approve"), "circle-check"),
    S.REJECTED: (_("Reject"), "thumb-down"),
    S.SENT: (_("Mark as sent"), "send"),
    S.ACKNOWLEDGED: (_("Supplier has confirmed"), "checks"),
    S.ON_HOLD: (_("Put on hold"), "player-pause"),
    S.CANCELLED: (_("Cancel order"), "ban"),
    S.CLOSED: (_("Close"), "lock"),
    S.DRAFT: (_("Take back to draft"), "pencil"),
}
NEEDS_REASON = frozenset({S.REJECTED, S.ON_HOLD, S.CANCELLED})
# The step that is the button on top, by state.
NEXT_STEP = {S.DRAFT: S.PENDING_APPROVAL, S.PENDING_APPROVAL: S.APPROVED, S.APPROVED: S.SENT, S.RECEIVED: S.CLOSED}


class PurchaseOrderList(ListPage[PurchaseOrder]):
    key = "supply_chain.purchaseorder"
    title = _("Purchase orders")
    model = PurchaseOrder
    permission = "supply_chain.view_purchaseorder"
    url_name = "supply_chain:purchase_order_list"
    icon = "file-invoice"
    filterset_class = PurchaseOrderFilter
    columns = (
        Column("number", _("Purchase order"), cell="mono", link=True, sort="number"),
        Column("supplier", _("Supplier"), accessor="supplier.name", width="l"),
        Column("status", _("Status"), cell="status", enum=PurchaseOrderStatus),
        Column("expected_on", _("Expected"), cell="date", sort="expected_on"),
        Column("warehouse", _("Deliver to"), accessor="warehouse.name", width="m"),
        Column("total", _("Total"), cell="money"),
        Column("created_at", _("Created"), cell="when"),
        Column("supplier_reference", _("Supplier's reference"), cell="mono", default=False),
        Column("sent_at", _("Sent"), cell="when", default=False),
        Column("received_at", pgettext_lazy("time of goods", "Received"), cell="when", default=False),
    )
    views = (
        PresetView(
            "approve", _("To approve"), "status=pending_approval", permission="supply_chain.approve_purchaseorder"
        ),
        PresetView("draft", _("Drafts"), "status=draft"),
        PresetView("expected", _("On the way"), "status=sent&status=acknowledged&status=partially_received"),
    )

    def get_queryset(self, user: Any) -> QuerySet[PurchaseOrder]:
        return orders_for(user).select_related("supplier", "warehouse")

    def row_url(self, row: PurchaseOrder) -> str:
        return row.get_absolute_url()

    def primary_action(self, user: Any) -> PageAction:
        return PageAction(
            label=_("New purchase order"),
            url=reverse("supply_chain:purchase_order_create"),
            permission="supply_chain.add_purchaseorder",
            icon="plus",
        )

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No purchase orders yet."),
            body=_("Make one from the shortages, or by hand."),
            icon=self.icon,
            action=PageAction(label=_("Shortages"), url=reverse("supply_chain:shortage_list")),
        )


class PurchaseOrderDetail(DetailPage[PurchaseOrder]):
    key = "supply_chain.purchaseorder"
    list_key = "supply_chain.purchaseorder"
    permission = "supply_chain.view_purchaseorder"
    audit_subject = "supply_chain.purchaseorder"

    def header(self, obj: PurchaseOrder) -> Header:
        status = S(obj.status)
        return Header(
            title=_("Purchase order %(number)s") % {"number": obj.number},
            line=_("%(supplier)s delivers to %(warehouse)s")
            % {"supplier": obj.supplier.name, "warehouse": obj.warehouse.name},
            status=status,
            code=obj.number,
            primary=self._primary(obj, status),
            menu=self._menu(obj, status),
        )

    def banners(self, obj: PurchaseOrder) -> Sequence[Banner]:
        if obj.status != S.ON_HOLD:
            return ()
        back = S(obj.held_status or S.DRAFT)
        action = PageAction(
            label=_("Go on"), url=_step_url(obj, back), method="post", permission=_right(S.ON_HOLD, back)
        )
        return (Banner(level="warning", title=_("This order is on hold."), actions=(action,)),)

    def _primary(self, obj: PurchaseOrder, status: PurchaseOrderStatus) -> PageAction | None:
        if status in EXPECTED:
            return PageAction(
                label=_("Receive goods"),
                url=reverse("supply_chain:receive", args=[obj.pk]),
                permission="supply_chain.receive_purchaseorder",
                icon="package-import",
                key="r",
            )
        step = NEXT_STEP.get(status)
        return self._step(obj, status, step) if step else None

    def _menu(self, obj: PurchaseOrder, status: PurchaseOrderStatus) -> list[PageAction]:
        if status == S.ON_HOLD:
            return [self._step(obj, status, S.CANCELLED)]
        steps = [to for to in PURCHASE_ORDER_TRANSITIONS.targets(status) if to in STEPS and to != NEXT_STEP.get(status)]
        return [self._step(obj, status, to) for to in steps]

    def _step(self, obj: PurchaseOrder, from_: PurchaseOrderStatus, to: PurchaseOrderStatus) -> PageAction:
        label, icon = STEPS[to]
        ask = to in NEEDS_REASON
        return PageAction(
            label=label,
            url=reverse("supply_chain:purchase_order_reason", args=[obj.pk, to.value]) if ask else _step_url(obj, to),
            method="get" if ask else "post",
            dialog=ask,
            icon=icon,
            permission=_right(from_, to),
            style="danger" if to == S.CANCELLED else "default",
        )


def _step_url(obj: PurchaseOrder, to: PurchaseOrderStatus) -> str:
    return reverse("supply_chain:purchase_order_step", args=[obj.pk, to.value])


def _right(from_: PurchaseOrderStatus, to: PurchaseOrderStatus) -> str:
    """The permission that the transition table asks for."""
    return PURCHASE_ORDER_TRANSITIONS.table.get(from_, {}).get(to) or ""


class PurchaseOrderStep(ActionPage[PurchaseOrder]):
    """Move the order on; the transition table knows who may."""

    list_key = "supply_chain.purchaseorder"
    permission = "supply_chain.view_purchaseorder"

    def perform(self, obj: PurchaseOrder) -> Any:
        to = _known_status(self.kwargs["status"])
        if to in NEEDS_REASON:
            raise DomainError(_("Say why."), "reason_required")
        services.change_status(order_id=obj.pk, to=to, user=self.request.user)  # type: ignore[arg-type]
        return _("Purchase order %(number)s: %(status)s.") % {"number": obj.number, "status": to.label}


class PurchaseOrderReason(FormPage[PurchaseOrder]):
    """Reject, hold or cancel, with a reason."""

    form_class = ReasonForm
    list_key = "supply_chain.purchaseorder"
    permission = "supply_chain.view_purchaseorder"
    danger = True

    def get_title(self) -> Any:
        return STEPS[_known_status(self.kwargs["status"])][0]

    @property
    def submit_label(self) -> Any:  # type: ignore[override]
        return self.get_title()

    def perform(self, form: ReasonForm) -> PurchaseOrder:
        return services.change_status(
            order_id=self.kwargs["pk"],
            to=_known_status(self.kwargs["status"]),
            user=self.request.user,  # type: ignore[arg-type]
            reason=form.cleaned_data["reason"],
        )


def _known_status(value: str) -> PurchaseOrderStatus:
    if value not in {status.value for status in STEPS} | {S.ACKNOWLEDGED.value}:
        raise Http404
    return S(value)


class PurchaseOrderCreate(FormPage[PurchaseOrder]):
    form_class = PurchaseOrderForm
    permission = "supply_chain.add_purchaseorder"
    title = _("New purchase order")
    submit_label = _("Create draft")

    def form_kwargs(self) -> dict[str, Any]:
        return super().form_kwargs() | {"warehouses": warehouses_for(self.request.user)}

    def perform(self, form: PurchaseOrderForm) -> PurchaseOrder:
        actor = Actor.for_user(self.request.user)
        return services.create_purchase_order(lines=[], actor=actor, **form.cleaned_data)


class LineSave(ChangePage[PurchaseOrder]):
    """Put a SKU on a draft, or change it there."""

    form_class = LineForm
    list_key = "supply_chain.purchaseorder"
    permission = "supply_chain.change_purchaseorder"
    title = _("Line of the purchase order")
    submit_label = _("Save line")

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        line = (
            self.object.lines.select_related("sku").filter(sku__code=initial.get("sku", "")).first()
            if self.object
            else None
        )
        if line is not None:
            initial |= {"quantity": line.quantity, "unit_cost": line.unit_cost}
        return initial

    def form_kwargs(self) -> dict[str, Any]:
        return super().form_kwargs() | {"supplier": self.target.supplier}

    def perform(self, form: LineForm) -> PurchaseOrder:
        data = form.cleaned_data
        line = services.LineDraft(data["sku"].id, data["quantity"], data["unit_cost"])
        return services.save_line(
            order_id=self.kwargs["pk"],
            line=line,
            actor=Actor.for_user(self.request.user),
            against_terms=data["against_terms"],
        )


class LineRemove(ActionPage[PurchaseOrder]):
    list_key = "supply_chain.purchaseorder"
    permission = "supply_chain.change_purchaseorder"
    message = _("Line removed.")

    def perform(self, obj: PurchaseOrder) -> None:
        actor = Actor.for_user(self.request.user)
        services.remove_line(order_id=obj.pk, line_id=self.kwargs["line_pk"], actor=actor)


class GoodsReceiptList(ListPage[GoodsReceipt]):
    key = "supply_chain.goodsreceipt"
    title = _("Goods receipts")
    model = GoodsReceipt
    permission = "supply_chain.view_goodsreceipt"
    url_name = "supply_chain:receipt_list"
    icon = "package-import"
    filterset_class = GoodsReceiptFilter
    columns = (
        Column("number", _("Goods receipt"), cell="mono", link=True, sort="number"),
        Column("order", _("Purchase order"), accessor="order.number", cell="mono"),
        Column("supplier", _("Supplier"), accessor="order.supplier.name", width="l"),
        Column("warehouse", _("Warehouse"), accessor="order.warehouse.name", width="m"),
        Column("delivery_note", _("Delivery note"), cell="mono"),
        Column("received_at", pgettext_lazy("time of goods", "Received"), cell="when"),
        Column("received_by", _("By"), accessor="received_by.label", cell="user"),
    )

    def get_queryset(self, user: Any) -> QuerySet[GoodsReceipt]:
        return receipts_for(user).select_related("order__supplier", "order__warehouse", "received_by")

    def row_url(self, row: GoodsReceipt) -> str:
        return f"{row.order.get_absolute_url()}#panel-receipts"

    def peek_url(self, row: GoodsReceipt) -> str:
        return row.order.get_absolute_url()

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing has been received yet."),
            body=_("Deliveries are counted on the receiving screen and listed here."),
            icon=self.icon,
        )

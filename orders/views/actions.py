"""What a person does to one order: each page calls one service."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.permissions import require
from core.actor import Actor
from core.exceptions import Conflict, DomainError, NotFound
from core.money import entry_amount
from core.ui.content import Text
from core.ui.views import ActionPage, FormPage
from core.words import run_on, said_of
from inventory.selectors import resolve_skus
from orders.enums import ON_THE_WAY, HoldReason, PaymentStatus
from orders.forms import HoldForm, LineEditForm, OrderEditForm, PaymentForm, ReasonForm, RefundForm, ReleaseHoldForm
from orders.models import Hold, Order, OrderLine
from orders.rules.hold_policy import release_right
from orders.selectors.orders import orders_for
from orders.services.approval import approve_order, unapprove_order
from orders.services.cancel import cancel_order
from orders.services.edit import apply_suggestion, edit_line, edit_order
from orders.services.holds import hold_order, release_hold
from orders.services.payments import record_payment, record_refund
from orders.services.progress import begun_orders


class OrderFormPage(FormPage[Order]):
    """A form about one order, in a dialog or a page of its own."""

    list_key = "orders.order"

    def get_queryset(self, user: Any) -> QuerySet[Order]:
        return orders_for(user)

    @property
    def order(self) -> Order:
        if self.object is None:
            raise NotFound
        return self.object

    @property
    def actor(self) -> Actor:
        return Actor.for_user(self.request.user)

    def get_title(self) -> Text:
        return said_of(self.title, self.order.number)

    def success_url(self, result: Any) -> str:
        return reverse("orders:order_detail", args=[self.order.pk])

    def cancel_url(self) -> str:
        return reverse("orders:order_detail", args=[self.order.pk])


class OrderEdit(OrderFormPage):
    permission = "orders.edit_order"
    title = _("Correct order")
    form_class = OrderEditForm
    message = _("Order corrected.")
    submit_label = _("Save and check again")
    fieldsets = (
        (
            _("Recipient"),
            (
                "pasted",
                "ship_name",
                "ship_phone",
                "ship_country",
                "ship_province",
                "ship_city",
                "ship_district",
                "ship_street",
                "ship_postal_code",
            ),
        ),
        (_("Buyer"), ("buyer_name", "buyer_email")),
        (_("Amounts"), ("shipping_fee", "discount", "tax", "total")),
        (_("Deadline"), ("ship_by",)),
        ("", ("reason",)),
    )

    def has_permission(self, request: Any) -> bool:
        # The form shows the address unmasked.
        return super().has_permission(request) and request.user.has_perm("accounts.view_personal_data")

    def get_title(self) -> Text:
        return _("Correct %(number)s") % {"number": self.order.number}

    def get_intro(self) -> Text:
        if self.order.status in ON_THE_WAY:
            return _("Parcels that have left keep their labels. What you correct counts for what is sent after them.")
        if begun_orders([self.order.pk]):
            return _("A warehouse has this order already. A new recipient or address voids its label and buys another.")
        return self.intro

    def perform(self, form: OrderEditForm) -> Order:
        try:
            return edit_order(
                order_id=self.order.pk,
                changes=form.changes(),
                actor=self.actor,
                version=form.cleaned_data["version"],
                left=form.cleaned_data["left"],
                reason=form.cleaned_data["reason"],
            )
        except Conflict as error:
            if "left" in error.details:
                form.look_again(error.details["left"])
            raise


class LineEdit(OrderFormPage):
    permission = "orders.edit_order"
    title = _("Correct line")
    form_class = LineEditForm
    message = _("Line corrected.")
    submit_label = _("Save and check again")

    @property
    def line(self) -> OrderLine:
        return get_object_or_404(self.order.lines.select_related("sku"), pk=self.kwargs["line_pk"])

    def get_initial(self) -> dict[str, Any]:
        line = self.line
        return {
            "version": self.order.version,
            "sku": line.sku.code if line.sku else line.external_sku,
            "quantity": line.quantity,
            "unit_price": entry_amount(line.unit_price, self.order.currency),
            "discount": line.discount,
            "tax": line.tax,
        }

    def perform(self, form: LineEditForm) -> Order:
        line, data = self.line, form.cleaned_data
        changes = {
            name: data[name]
            for name in ("quantity", "unit_price", "discount", "tax")
            if data[name] != getattr(line, name)
        }
        if data["sku"]:
            found = resolve_skus(self.order.channel.code, [data["sku"]]).get(data["sku"])
            if found is None:
                raise DomainError(_("There is no SKU with this code."), "sku_unknown", field="sku")
            if found.id != line.sku_id:
                changes["sku_id"] = found.id
        return edit_line(
            order_id=self.order.pk,
            line_id=line.pk,
            changes=changes,
            actor=self.actor,
            version=data["version"],
            reason=data["reason"],
        )


class OrderHold(OrderFormPage):
    permission = "orders.hold_order"
    title = _("Hold order")
    form_class = HoldForm
    message = _("Order put on hold.")
    submit_label = _("Hold order")

    def perform(self, form: HoldForm) -> Order:
        data = form.cleaned_data
        hold_order(
            order_id=self.order.pk,
            reason=HoldReason(data["reason"]),
            actor=self.actor,
            note=data["note"],
            until=data["until"],
        )
        return self.order


class OrderPayment(OrderFormPage):
    permission = "orders.record_payment"
    title = _("Record payment")
    form_class = PaymentForm
    message = _("Payment recorded.")
    submit_label = _("Record payment")

    def perform(self, form: PaymentForm) -> Order:
        data = form.cleaned_data
        return record_payment(
            order_id=self.order.pk,
            status=PaymentStatus(data["status"]),
            actor=self.actor,
            method=data["method"],
            reference=data["reference"],
        )


class OrderRefund(OrderFormPage):
    permission = "orders.record_payment"
    title = _("Record refund")
    intro = _("Give the money back where it was paid; here it is only noted.")
    form_class = RefundForm
    message = _("Refund recorded.")
    submit_label = _("Record refund")

    def get_initial(self) -> dict[str, Any]:
        order, balance = self.order, self.order.balance
        is_known = balance.refund_due and balance.paid is not None
        amount = entry_amount(balance.refund_due, order.currency) if is_known else None
        return {"version": order.version, "amount": amount}

    def get_intro(self) -> Text:
        if self.order.balance.paid is None:
            said = _("How much was paid isn't known; whatever you note here, nothing is due afterwards.")
            return run_on(str(self.intro), str(said))
        return self.intro

    def form_kwargs(self) -> dict[str, Any]:
        return {**super().form_kwargs(), "order": self.order}

    def perform(self, form: RefundForm) -> Order:
        data = form.cleaned_data
        return record_refund(
            order_id=self.order.pk,
            amount=data["amount"],
            actor=self.actor,
            version=data["version"],
            reference=data["reference"],
        )


class OrderUnapprove(OrderFormPage):
    permission = "orders.approve_order"
    title = _("Back to review")
    intro = _("The order gives its stock back and waits for approval again.")
    form_class = ReasonForm
    message = _("Order taken back to review.")
    submit_label = _("Take back to review")

    def perform(self, form: ReasonForm) -> Order:
        return unapprove_order(order_id=self.order.pk, actor=self.actor, reason=form.cleaned_data["reason"])


class OrderCancel(OrderFormPage):
    permission = "orders.cancel_order"
    title = _("Cancel order")
    intro = _("The order gives its stock back; parcels still in the warehouse are stopped. This can't be undone.")
    form_class = ReasonForm
    message = _("Order cancelled.")
    submit_label = _("Cancel order")
    danger = True

    def perform(self, form: ReasonForm) -> Order:
        return cancel_order(order_id=self.order.pk, actor=self.actor, reason=form.cleaned_data["reason"])


class OrderApprove(ActionPage[Order]):
    permission = "orders.approve_order"
    list_key = "orders.order"

    def perform(self, obj: Order) -> Text | None:
        approve_order(order_id=obj.pk, actor=Actor.for_user(self.request.user))
        return _("%(number)s is approved.") % {"number": obj.number}

    def next_url(self, obj: Order) -> str:
        return reverse("orders:order_detail", args=[obj.pk])


class SuggestionApply(ActionPage[Order]):
    """Take over the fix that a finding suggests."""

    permission = "orders.edit_order"
    list_key = "orders.order"

    def perform(self, obj: Order) -> Text | None:
        apply_suggestion(
            order_id=obj.pk,
            finding_id=self.kwargs["finding_pk"],
            actor=Actor.for_user(self.request.user),
        )
        return _("Fixed. The order was checked again.")

    def next_url(self, obj: Order) -> str:
        return reverse("orders:order_detail", args=[obj.pk])


class HoldRelease(FormPage[Hold]):
    """Which right it takes depends on the hold's reason."""

    permission = "orders.view_order"
    title = _("Release hold")
    form_class = ReleaseHoldForm
    message = _("Hold released.")
    submit_label = _("Release hold")

    def get_queryset(self, user: Any) -> QuerySet[Hold]:
        return Hold.objects.filter(order__in=orders_for(user)).select_related("order")

    def get_object(self) -> Hold | None:
        hold = super().get_object()
        if hold is not None:
            require(self.request.user, release_right(hold.reason))
        return hold

    def get_title(self) -> Text:
        if self.object is None:
            return self.title
        return said_of(self.title, f"{HoldReason(self.object.reason).label} · {self.object.order.number}")

    def perform(self, form: ReleaseHoldForm) -> Order:
        return release_hold(
            hold_id=self.kwargs["pk"],
            actor=Actor.for_user(self.request.user),
            note=form.cleaned_data["note"],
        )

    def success_url(self, result: Order) -> str:
        return reverse("orders:order_detail", args=[result.pk])

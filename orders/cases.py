"""The exceptions that orders knows: what they are, who minds them, and the ways out."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.actor import Actor
from core.cases.models import Case
from core.cases.registry import CaseType, Field, Resolution, register_case_type
from orders.case_facts import facts_of_order_case, merge_channel_changes, words_of_fields
from orders.codes import CHANNEL_CHANGE, CUSTOMER_CANCELLATION, OUT_OF_STOCK, VALIDATION_FAILED
from orders.enums import FulfilmentStatus, HoldReason, OrderStatus
from orders.models import Finding, FulfilmentOrder, Hold, Order
from orders.rules.hold_policy import not_releasable
from orders.selectors.orders import orders_for
from orders.services.backorders import retry_orders
from orders.services.cancel import cancel_order, refuse_cancellation
from orders.services.channel_change import accept_channel_change, refuse_channel_change
from orders.services.edit import apply_suggestions, revalidate
from orders.services.holds import release_all_holds

REASON = Field("reason", _("Reason"))


def register() -> None:
    """Called once from OrdersConfig.ready()."""
    for case_type in (_validation_failed(), _out_of_stock(), _cancellation(), _channel_change()):
        register_case_type(case_type)


def _validation_failed() -> CaseType:
    return CaseType(
        code=VALIDATION_FAILED,
        label=_("Order failed validation"),
        severity="warning",
        role=Role.ORDER_CLERK,
        respond_minutes=60,
        resolve_minutes=240,
        procedure=_(
            "Look at what was found. Apply the suggested fix, or open the order and correct the field; "
            "the order is checked again and goes on by itself. If the customer has to be asked, set the exception "
            "to waiting. If the order is right as it stands, accept it with a reason."
        ),
        resolutions=(
            Resolution(
                "fix",
                _("Apply the suggested fix"),
                "orders.edit_order",
                _fix,
                "primary",
                offered=_has_fix,
                stays=_("The fix was applied. Something else is still wrong, so the exception stays open."),
            ),
            Resolution(
                "recheck",
                _("Check again"),
                "orders.edit_order",
                _recheck,
                "primary",
                stays=_("Checked again: what was found is still there, so the exception stays open."),
            ),
            Resolution(
                "accept",
                _("Accept as it is"),
                "orders.hold_order",
                _accept,
                "secondary",
                (REASON,),
                offered=_may_accept,
            ),
            Resolution("cancel", _("Cancel order"), "orders.cancel_order", _cancel, "danger", (REASON,)),
        ),
        still_true=_still_held,
        subject_url=_order_url,
        facts=facts_of_order_case,
        visible=orders_for,
        summaries={
            HoldReason.ADDRESS.value: _("The recipient or address isn't right"),
            HoldReason.PRICE.value: _("Prices or totals don't agree"),
            HoldReason.STOCK.value: _("An article isn't known or no longer sold"),
            HoldReason.DUPLICATE.value: _("It looks like an order that is here already"),
            "several": _("{count} different things are wrong"),
        },
        icon="eye-exclamation",
    )


def _out_of_stock() -> CaseType:
    return CaseType(
        code=OUT_OF_STOCK,
        label=_("Out of stock"),
        severity="warning",
        role=Role.BUYER,
        respond_minutes=240,
        resolve_minutes=1440,
        procedure=_(
            "Look whether a purchase order brings the goods in time. If not, order them or agree a substitute "
            "or a partial cancellation with the customer. The order is allocated by itself when stock arrives."
        ),
        resolutions=(
            Resolution(
                "retry",
                _("Try again now"),
                "orders.release_fulfilment",
                _retry,
                "primary",
                stays=_("The order is being allocated again. The exception ends by itself once the goods are there."),
            ),
            Resolution("cancel", _("Cancel order"), "orders.cancel_order", _cancel, "danger", (REASON,)),
        ),
        still_true=_still_backordered,
        subject_url=_order_url,
        facts=facts_of_order_case,
        visible=orders_for,
        summaries={"short": _("Units without stock: {units}, on order lines: {lines}")},
        icon="hourglass",
    )


def _cancellation() -> CaseType:
    return CaseType(
        code=CUSTOMER_CANCELLATION,
        label=_("Customer wants to cancel"),
        severity="danger",
        role=Role.CUSTOMER_SERVICE,
        respond_minutes=30,
        resolve_minutes=120,
        procedure=_(
            "The warehouse has the order already. Call the warehouse; if the parcel is still there, intercept it. "
            "If it has left, tell the customer to refuse it or to send it back."
        ),
        resolutions=(
            Resolution("intercept", _("Intercept and cancel"), "orders.cancel_order", _cancel, "danger"),
            Resolution("too_late", _("Too late, let it go"), "orders.cancel_order", _too_late, "secondary", (REASON,)),
        ),
        still_true=_decided_by_a_person,
        clears_itself=False,
        subject_url=_order_url,
        facts=facts_of_order_case,
        visible=orders_for,
        summaries={"asked": _("Asked to cancel: {reason}")},
        icon="hand-stop",
    )


def _channel_change() -> CaseType:
    return CaseType(
        code=CHANNEL_CHANGE,
        label=_("Channel changed an order after release"),
        severity="danger",
        role=Role.ORDER_CLERK,
        respond_minutes=30,
        resolve_minutes=120,
        procedure=_(
            "Compare the new message with the order. If the parcel can still be stopped, take the change over; "
            "otherwise agree with the customer what happens, and keep the order as it is."
        ),
        resolutions=(
            Resolution("apply", _("Stop the parcel and apply"), "orders.edit_order", _apply_change, "primary"),
            Resolution("keep", _("Keep the order as it is"), "orders.edit_order", _keep, "secondary", (REASON,)),
        ),
        still_true=_decided_by_a_person,
        clears_itself=False,
        subject_url=_order_url,
        facts=facts_of_order_case,
        visible=orders_for,
        summaries={
            "changed": _("Changed by the channel: {fields}"),
            "taken_back": _("The channel has taken its change back"),
        },
        param_words={"fields": words_of_fields},
        merge=merge_channel_changes,
        icon="refresh-alert",
    )


def _order_url(order_id: int) -> str:
    return reverse("orders:order_detail", args=[order_id])


def _reason(params: dict[str, Any]) -> str:
    return str(params.get("reason", "")).strip()


def _has_fix(case: Case, user: Any) -> bool:
    return Finding.objects.filter(order_id=case.subject_id, order__released_at=None, suggestion__isnull=False).exists()


def _fix(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    apply_suggestions(order_id=case.subject_id, actor=actor)


def _recheck(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    revalidate(Order.objects.get(pk=case.subject_id), at=timezone.now())


def _accept(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    release_all_holds(order_id=case.subject_id, actor=actor, note=_reason(params))


def _may_accept(case: Case, user: Any) -> bool:
    """Whether every open hold of the order is the person's to release."""
    reasons = Hold.objects.filter(order_id=case.subject_id, released_at=None).values_list("reason", flat=True)
    return not not_releasable(reasons, user.has_perm)


def _cancel(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    cancel_order(order_id=case.subject_id, actor=actor, reason=_reason(params) or str(case.data.get("reason", "")))


def _too_late(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    refuse_cancellation(order_id=case.subject_id, actor=actor, reason=_reason(params))


def _retry(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    retry_orders(order_ids=[case.subject_id], at=timezone.now())


def _apply_change(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    accept_channel_change(order_id=case.subject_id, actor=actor)


def _keep(case: Case, actor: Actor, params: dict[str, Any]) -> None:
    refuse_channel_change(order_id=case.subject_id, actor=actor, reason=_reason(params))


def _still_held(order_ids: Sequence[int]) -> set[int]:
    """Orders in review with an automatic hold other than payment, which is the customer's turn."""
    minded = HoldReason.AUTOMATIC - {HoldReason.PAYMENT}  # type: ignore[attr-defined]
    held = Hold.objects.filter(
        order_id__in=order_ids, released_at=None, reason__in=minded, order__status__in=OrderStatus.OPEN
    )
    return set(held.values_list("order_id", flat=True))


def _still_backordered(order_ids: Sequence[int]) -> set[int]:
    waiting = FulfilmentOrder.objects.filter(order_id__in=order_ids, status=FulfilmentStatus.BACKORDERED)
    return set(waiting.values_list("order_id", flat=True))


def _decided_by_a_person(order_ids: Sequence[int]) -> set[int]:
    """The decision is the cure: once it is made, no cause remains."""
    return set()

"""Bulk actions of the order list: each id through the same service that the order page calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.accounts.rights import explain_missing
from core.actor import Actor
from core.exceptions import DomainError
from core.ui.actions import BulkAction, RowOutcome
from core.words import listed, run_on
from orders.enums import HoldReason
from orders.models import Order
from orders.rules.hold_policy import release_right
from orders.services.approval import approve_order
from orders.services.cancel import cancel_order
from orders.services.holds import hold_order, release_own_holds

Act = Callable[[int, Actor, Mapping[str, Any]], object]


def _each(act: Act, ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterator[RowOutcome]:
    """Each order stands or falls alone; why one fell is said in its row."""
    numbers = dict(Order.objects.filter(pk__in=ids).values_list("pk", "number"))
    for order_id in ids:
        label = numbers.get(order_id, str(order_id))
        try:
            act(order_id, actor, params)
        except DomainError as error:
            yield RowOutcome(order_id, "error", error.message, label, error.field or "")
        else:
            yield RowOutcome(order_id, "ok", "", label)


def _release_own(ids: Sequence[int], actor: Actor, params: Mapping[str, Any]) -> Iterator[RowOutcome]:
    """Each order's holds as far as they are the person's to release; what is left is said with the right it takes."""
    numbers = dict(Order.objects.filter(pk__in=ids).values_list("pk", "number"))
    for order_id in ids:
        label = numbers.get(order_id, str(order_id))
        try:
            _order, left = release_own_holds(order_id=order_id, actor=actor, note=params["note"])
        except DomainError as error:
            yield RowOutcome(order_id, "error", error.message, label, error.field or "")
        else:
            yield RowOutcome(order_id, "warning" if left else "ok", _left_over(left), label)


def _left_over(left: Sequence[HoldReason]) -> str:
    if not left:
        return ""
    words = ngettext("%(count)d hold left: %(reasons)s.", "%(count)d holds left: %(reasons)s.", len(left)) % {
        "count": len(left),
        "reasons": listed(reason.label for reason in left),
    }
    return run_on(words, explain_missing(release_right(left[0])))


def _approve(order_id: int, actor: Actor, params: Mapping[str, Any]) -> None:
    approve_order(order_id=order_id, actor=actor)


def _hold(order_id: int, actor: Actor, params: Mapping[str, Any]) -> None:
    hold_order(order_id=order_id, reason=HoldReason.MANUAL, actor=actor, note=params.get("note", ""))


def _cancel(order_id: int, actor: Actor, params: Mapping[str, Any]) -> None:
    cancel_order(order_id=order_id, actor=actor, reason=params["reason"])


ORDER_ACTIONS = (
    BulkAction(
        code="approve",
        label=_("Approve"),
        permission="orders.approve_order",
        run=partial(_each, _approve),
        icon="circle-check",
    ),
    BulkAction(
        code="hold",
        label=_("Hold"),
        permission="orders.hold_order",
        run=partial(_each, _hold),
        icon="hand-stop",
        fields={"note": forms.CharField(label=_("Note"), max_length=500, required=False)},
    ),
    BulkAction(
        code="release_holds",
        label=_("Release holds"),
        permission="orders.hold_order",
        run=_release_own,
        icon="lock-open",
        fields={"note": forms.CharField(label=_("Why it is right as it is"), max_length=500)},
    ),
    BulkAction(
        code="cancel",
        label=_("Cancel orders"),
        permission="orders.cancel_order",
        run=partial(_each, _cancel),
        icon="ban",
        style="danger",
        confirm=_("%(count)s orders will be cancelled and their stock given back. This can't be undone."),
        fields={"reason": forms.CharField(label=_("Reason"), max_length=255)},
    ),
)

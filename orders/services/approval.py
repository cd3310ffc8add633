"""Approval 客审 and its way back 反审核."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.exceptions import DomainError
from core.outbox.services import publish
from core.stages import nudge
from orders.codes import ALLOCATE, ORDER_SUBJECT
from orders.enums import OrderStatus
from orders.events import OrdersApproved
from orders.locks import lock_order
from orders.models import Order
from orders.services.moves import move_orders, touch
from orders.services.unallocate import unallocate_orders


def approve_orders(
    orders: Sequence[Order],
    *,
    at: datetime,
    actor: Actor,
    reason: str = "",
    also: Mapping[str, Any] | None = None,
) -> None:
    """Approve locked orders in review, without open holds, and put them before the allocation stage.

    `also` are columns to set with the same UPDATE.
    """
    if not orders:
        return
    awaiting = [order for order in orders if order.status == OrderStatus.PENDING_PAYMENT]
    move_orders(awaiting, OrderStatus.PENDING_REVIEW, at=at, actor=actor, reason=reason)
    due = {"allocate_due_at": at, **(also or {})}
    move_orders(orders, OrderStatus.APPROVED, at=at, actor=actor, reason=reason, also=due)
    publish(OrdersApproved(order_ids=[order.pk for order in orders]))
    nudge(ALLOCATE)


def require_known_skus(order: Order) -> None:
    """Raise DomainError for a line whose article isn't known: it could neither be sent nor waited for."""
    unknown = order.lines.filter(sku=None).order_by("position").first()
    if unknown is not None:
        message = _("Line %(line)s: nothing is known as %(sku)s.")
        raise DomainError(message % {"line": unknown.position, "sku": unknown.external_sku}, "sku_unknown")


@transaction.atomic
def approve_order(*, order_id: int, actor: Actor, reason: str = "") -> Order:
    """Approve an order by hand. Raises DomainError while a hold is open or an article unknown."""
    order = lock_order(order_id)
    if order.open_hold_count:
        raise DomainError(_("Release the holds first."), "on_hold")
    require_known_skus(order)
    now = timezone.now()
    approve_orders([order], at=now, actor=actor, reason=reason)
    touch(order, actor=actor, at=now)
    record(
        action="orders.approved",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=reason,
    )
    return order


@transaction.atomic
def unapprove_order(*, order_id: int, actor: Actor, reason: str) -> Order:
    """Take an approved order back to review and give its stock back.

    Raises DomainError once a part of it has been released to a warehouse.
    """
    order = lock_order(order_id)
    if order.status != OrderStatus.APPROVED:
        raise DomainError(_("Only an approved order can be taken back to review."), "not_approved")
    now = timezone.now()
    unallocate_orders([order], at=now, actor=actor, reason=reason)
    move_orders([order], OrderStatus.PENDING_REVIEW, at=now, actor=actor, reason=reason)
    touch(order, actor=actor, at=now)
    record(
        action="orders.unapproved",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=reason,
    )
    return order

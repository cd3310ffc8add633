"""Cancelling: free before a parcel has left, an interception while the warehouse is at it."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.cases.services import CaseSeed, clear_cases, open_cases
from core.exceptions import DomainError
from core.outbox.services import publish
from orders.codes import CHANNEL_CHANGE, CUSTOMER_CANCELLATION, ORDER_SUBJECT, VALIDATION_FAILED
from orders.enums import ORDER_TRANSITIONS, OrderStatus
from orders.events import OrdersCancelled
from orders.locks import lock_order
from orders.models import Hold, Order
from orders.services.holds import release_holds
from orders.services.moves import move_orders, touch
from orders.services.progress import begun_orders, settle_rest
from orders.services.unallocate import unallocate_orders


@transaction.atomic
def cancel_order(*, order_id: int, actor: Actor, reason: str) -> Order:
    """Cancel an order and give its stock back, intercepting it in the warehouse where needed.

    Of a partly shipped order the rest is cancelled; it goes on as shipped. Raises IllegalTransition once everything
    has left or the order has come to its end, DomainError for one that is cancelled already.
    """
    order = lock_order(order_id)
    if order.status == OrderStatus.CANCELLED:
        raise DomainError(_("This order has been cancelled already."), "cancelled")
    now = timezone.now()
    has_left = order.status == OrderStatus.PARTIALLY_SHIPPED
    if not has_left:
        ORDER_TRANSITIONS.check(OrderStatus(order.status), OrderStatus.CANCELLED)
    cancelled = unallocate_orders([order], at=now, actor=actor, reason=reason, intercept=True, leave_shipped=has_left)
    release_holds(
        list(Hold.objects.filter(order=order, released_at=None)),
        {order.pk: order},
        at=now,
        actor=actor,
        note=reason,
    )
    if has_left:
        settle_rest([order], actor=actor, reason=reason)
    else:
        move_orders([order], OrderStatus.CANCELLED, at=now, actor=actor, reason=reason)
    Order.objects.filter(pk=order.pk).update(validate_due_at=None)
    touch(order, actor=actor, at=now)
    for case_type in (VALIDATION_FAILED, CUSTOMER_CANCELLATION, CHANNEL_CHANGE):
        clear_cases(case_type, [order.pk])
    record(
        action="orders.cancelled",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=reason,
    )
    order_ids = [] if has_left else [order.pk]
    publish(OrdersCancelled(order_ids=order_ids, fulfilment_ids=[f.pk for f in cancelled]))
    return order


@transaction.atomic
def request_cancellation(*, order_id: int, at: datetime, actor: Actor, reason: str) -> bool:
    """The customer or the channel asks to cancel.

    An order that no warehouse has begun is cancelled at once (returns True). Otherwise a person decides
    about intercepting it: a case is opened (returns False). An order that has come to its end is left alone.
    """
    order = lock_order(order_id)
    if order.status in (OrderStatus.CANCELLED, OrderStatus.DELIVERED, OrderStatus.COMPLETED):
        return order.status == OrderStatus.CANCELLED
    if order.released_at is None and not begun_orders([order.pk]):
        cancel_order(order_id=order_id, actor=actor, reason=reason)
        return True
    open_cases(
        [
            CaseSeed(
                type=CUSTOMER_CANCELLATION,
                subject_type=ORDER_SUBJECT,
                subject_id=order.pk,
                subject_label=order.number,
                cause_at=at,
                channel_id=order.channel_id,
                summary_code="asked",
                summary_params={"reason": reason},
                data={"reason": reason},
            )
        ]
    )
    return False


@transaction.atomic
def refuse_cancellation(*, order_id: int, actor: Actor, reason: str) -> None:
    """Tell the house that a cancellation came too late; the order goes on."""
    order = lock_order(order_id)
    if order.status == OrderStatus.CANCELLED:
        raise DomainError(_("This order has been cancelled already."), "cancelled")
    record(
        action="orders.cancellation_refused",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=reason,
    )

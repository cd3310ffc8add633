"""Parcels that left and won't arrive: their goods are sent once more, or the customer is paid back.

Either way the fulfilment order of the parcel ends as cancelled, with the reason, and the order says what comes next:
approved (or partly shipped) while a replacement is on its way through allocation, cancelled where nothing else was
sent, shipped or delivered where the other parcels are.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError, NotFound
from core.stages import nudge
from orders.codes import ALLOCATE
from orders.enums import FulfilmentStatus, OrderStatus
from orders.locks import lock_fulfilments
from orders.models import FulfilmentOrder, Order
from orders.services.cancel import cancel_order
from orders.services.moves import move_fulfilments, move_orders
from orders.services.progress import GONE, live_statuses


@transaction.atomic
def replace_parcel(*, fulfilment_id: int, actor: Actor, reason: str) -> Order:
    """Send the goods of a shipped parcel once more, out of stock: the order is allocated anew for them.

    Raises DomainError unless the parcel is shipped and hasn't arrived.
    """
    fulfilment = _lock_shipped(fulfilment_id)
    order = _take_back(fulfilment, actor=actor, reason=reason)
    Order.objects.filter(pk=order.pk).update(allocate_due_at=timezone.now())
    nudge(ALLOCATE)
    return order


@transaction.atomic
def write_off_parcel(*, fulfilment_id: int, actor: Actor, reason: str) -> Order:
    """The customer is paid back for a shipped parcel; nothing takes its place.

    Raises DomainError unless the parcel is shipped and hasn't arrived, and while the order has another part that is
    still to be sent.
    """
    fulfilment = _lock_shipped(fulfilment_id)
    others = FulfilmentOrder.objects.filter(order_id=fulfilment.order_id).exclude(
        status__in=[*GONE, FulfilmentStatus.CANCELLED]
    )
    if others.exists() or fulfilment.order.allocate_due_at is not None:
        raise DomainError(_("Another part of this order is still to be sent; send or cancel it first."), "more_to_send")
    order = _take_back(fulfilment, actor=actor, reason=reason)
    return cancel_order(order_id=order.pk, actor=actor, reason=reason)


def _lock_shipped(fulfilment_id: int) -> FulfilmentOrder:
    found = lock_fulfilments([fulfilment_id])
    if not found:
        raise NotFound
    if found[0].status != FulfilmentStatus.SHIPPED:
        raise DomainError(
            _("Only a parcel that has left and hasn't arrived can be replaced or refunded."), "not_shipped"
        )
    return found[0]


def _take_back(fulfilment: FulfilmentOrder, *, actor: Actor, reason: str) -> Order:
    """End the parcel's fulfilment order and open its order again."""
    now = timezone.now()
    order = fulfilment.order
    approved_at = order.approved_at
    move_fulfilments([fulfilment], FulfilmentStatus.CANCELLED, at=now, actor=actor, reason=reason)
    gone = live_statuses([order.pk]).get(order.pk, set()) & GONE
    to = OrderStatus.PARTIALLY_SHIPPED if gone else OrderStatus.APPROVED
    move_orders([order], to, at=now, actor=actor, reason=reason)
    Order.objects.filter(pk=order.pk).update(approved_at=approved_at)  # it was approved then, not now
    return order

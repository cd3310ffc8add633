"""Giving stock back: for orders that change, go back to review or are cancelled."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.cases.services import clear_cases
from core.db import update_rows
from core.exceptions import DomainError
from inventory.services import clear_demand, release_reservations
from orders.codes import DEMAND_DOCUMENT, OUT_OF_STOCK, RESERVATION_DOCUMENT
from orders.enums import FulfilmentStatus
from orders.locks import lock_fulfilments_of_orders
from orders.models import FulfilmentLine, FulfilmentOrder, Order, OrderLine
from orders.services.moves import move_fulfilments
from orders.services.progress import GONE, NOT_RELEASED

IN_WAREHOUSE = frozenset(
    {FulfilmentStatus.RELEASED, FulfilmentStatus.PICKING, FulfilmentStatus.SHORT, FulfilmentStatus.PACKED}
)


def unallocate_orders(
    orders: Sequence[Order],
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    intercept: bool = False,
    leave_shipped: bool = False,
) -> list[FulfilmentOrder]:
    """Cancel the open fulfilment orders of locked orders and give their stock back.

    With `intercept`, those that the warehouse has begun are cancelled too; without it raises DomainError, as for
    anything that has shipped, unless `leave_shipped` leaves that as it is. Returns those that were cancelled.
    """
    fulfilments = lock_fulfilments_of_orders(order.pk for order in orders)
    left = GONE if leave_shipped else frozenset()
    live = [f for f in fulfilments if f.status != FulfilmentStatus.CANCELLED and f.status not in left]
    allowed = NOT_RELEASED | IN_WAREHOUSE if intercept else NOT_RELEASED
    if any(fulfilment.status not in allowed for fulfilment in live):
        raise DomainError(_("A part of this order has been released or shipped."), "order_released")
    line_ids = list(FulfilmentLine.objects.filter(fulfilment__in=[f.pk for f in live]).values_list("pk", flat=True))
    release_reservations(RESERVATION_DOCUMENT, line_ids, actor, at, reason=reason)
    order_ids = [order.pk for order in orders]
    waiting = OrderLine.objects.filter(order_id__in=order_ids).values_list("pk", flat=True)
    clear_demand(DEMAND_DOCUMENT, list(waiting))
    move_fulfilments(live, FulfilmentStatus.CANCELLED, at=at, actor=actor, reason=reason)
    update_rows(Order, "id", ("allocate_due_at", "allocated_at"), [(pk, None, None) for pk in order_ids])
    clear_cases(OUT_OF_STOCK, order_ids)
    return live

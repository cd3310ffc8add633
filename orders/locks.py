"""Row locks of orders: the order first, then its fulfilment orders, each in order of id.

Stock levels (inventory.locks) come after both.
"""

from collections.abc import Collection, Iterable

from core.exceptions import NotFound
from inventory.locks import lock_levels_of_reservations
from orders.codes import RESERVATION_DOCUMENT
from orders.models import FulfilmentLine, FulfilmentOrder, Order


def lock_order(order_id: int) -> Order:
    """Lock and re-read one order. Raises NotFound."""
    order = Order.objects.select_for_update(of=("self",), no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def lock_orders(order_ids: Iterable[int]) -> list[Order]:
    """Lock and re-read orders, in order of id."""
    return list(
        Order.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(order_ids)).order_by("pk")
    )


def lock_fulfilments(fulfilment_ids: Iterable[int]) -> list[FulfilmentOrder]:
    """Lock fulfilment orders together with their orders."""
    ids = list(fulfilment_ids)
    lock_orders(FulfilmentOrder.objects.filter(pk__in=ids).values_list("order_id", flat=True))
    return list(
        FulfilmentOrder.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=ids)
        .select_related("order", "warehouse")
        .order_by("pk")
    )


def lock_fulfilments_of_orders(order_ids: Iterable[int]) -> list[FulfilmentOrder]:
    """Lock the fulfilment orders of orders that are locked already."""
    return list(
        FulfilmentOrder.objects.select_for_update(of=("self",), no_key=True)
        .filter(order_id__in=list(order_ids))
        .order_by("pk")
    )


def lock_reserved_stock(fulfilment_ids: Collection[int]) -> None:
    """Lock the stock that locked fulfilment orders hold, before several steps that each take or give back some of it.

    Each step locks its own levels in order of id; one after the other they would be in no order.
    """
    if not fulfilment_ids:
        return
    lines = FulfilmentLine.objects.filter(fulfilment__in=fulfilment_ids).values_list("pk", flat=True)
    lock_levels_of_reservations(RESERVATION_DOCUMENT, list(lines))

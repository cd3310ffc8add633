"""Corrections that a label names: whoever has a label for the order gets another one."""

from collections.abc import Collection

from django.utils import timezone

from core.outbox.services import publish
from orders.enums import ALLOCATABLE
from orders.events import OrdersReaddressed
from orders.models import FulfilmentOrder, Order
from orders.services.unallocate import IN_WAREHOUSE

# Which warehouse an order goes to depends on these.
PLACE_FIELDS = frozenset({"ship_country", "ship_province", "ship_city"})
# What a label says of the recipient, besides the buyer's name and phone where the recipient has none.
_LABEL_FIELDS = PLACE_FIELDS | {"ship_name", "ship_phone", "ship_district", "ship_street", "ship_postal_code"}


def is_on_label(order: Order, changed: Collection[str]) -> bool:
    """Whether a label of this order says anything of the fields that changed."""
    named = set(_LABEL_FIELDS)
    named |= set() if order.ship_name else {"buyer_name"}
    named |= set() if order.ship_phone else {"buyer_phone"}
    return not named.isdisjoint(changed)


def ask_for_labels(orders: Collection[Order], *, has_moved: bool) -> None:
    """Have the labels replaced of what warehouses hold of these locked orders."""
    rows = FulfilmentOrder.objects.filter(
        order__in=[order.pk for order in orders if order.status in ALLOCATABLE], status__in=IN_WAREHOUSE
    )
    if ids := list(rows.order_by("pk").values_list("pk", flat=True)):
        # In one transaction with the address: a label tells by this which address was read for it.
        FulfilmentOrder.objects.filter(pk__in=ids).update(readdressed_at=timezone.now())
        publish(OrdersReaddressed(fulfilment_ids=ids, has_moved=has_moved))

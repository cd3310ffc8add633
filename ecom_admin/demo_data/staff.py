"""The demo's hands: packs and hands over parcels as a warehouse does, and rates deliveries as customers do."""

import random

from django.db.models import Count

from core.accounts.models import User
from core.actor import Actor
from core.exceptions import DomainError
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from logistics.services.public import rate_delivery
from logistics.services.warehouse import hand_over_parcel, pack_without_scanning
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder, Order

BASKET_LINES = 5
STARS = (5, 5, 5, 5, 4, 4, 4, 3, 2)


def _operator() -> Actor:
    return Actor.for_user(User.objects.get(username="warehouse"))


def pack(limit: int, *, leave: int = 12) -> int:
    """Pack released fulfilment orders, the most urgent first, but leave some for the person who tries the pick screen.

    These fit into a hand basket; half are the most urgent, which the screen shows first, half the newest.
    """
    actor = _operator()
    released = FulfilmentOrder.objects.filter(status=FulfilmentStatus.RELEASED).order_by("ship_before", "pk")
    small = released.annotate(line_count=Count("lines")).filter(line_count__lte=BASKET_LINES)
    urgent = list(small.values_list("pk", flat=True)[: leave // 2])
    newest = small.exclude(pk__in=urgent).order_by("-pk").values_list("pk", flat=True)[: leave - leave // 2]
    left = [*urgent, *newest]
    waiting = released.exclude(pk__in=left).values_list("pk", flat=True)[:limit]
    return sum(_try(pack_without_scanning, pk, actor) for pk in list(waiting))


def hand_over(limit: int, *, leave: int = 6) -> int:
    """Hand packed parcels with a label to their carriers."""
    actor = _operator()
    labelled = Shipment.objects.filter(
        status=ShipmentStatus.LABEL_CREATED, fulfilment__status=FulfilmentStatus.PACKED
    ).order_by("pk")
    ready = list(labelled.values_list("fulfilment_id", flat=True)[: limit + leave])
    return sum(_try(hand_over_parcel, pk, actor) for pk in ready[: max(0, len(ready) - leave)][:limit])


def rate(chooser: random.Random, limit: int) -> int:
    """Some customers say how it went."""
    arrived = Order.objects.filter(delivered_at__isnull=False, delivery_rating=None).order_by("-delivered_at")
    count = 0
    for order_id in arrived.values_list("pk", flat=True)[:limit]:
        if chooser.random() < 0.4:
            rate_delivery(order_id=order_id, stars=chooser.choice(STARS))
            count += 1
    return count


def _try(act: object, fulfilment_id: int, actor: Actor) -> bool:
    try:
        act(fulfilment_id=fulfilment_id, actor=actor)  # type: ignore[operator]
    except DomainError:
        return False  # a person was quicker
    return True

"""What a customer may do on the tracking page."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.actor import TRACKING_PAGE, Actor, own_reason
from core.exceptions import DomainError
from logistics.models import DeliveryRating
from orders.models import Order
from orders.services.cancel import request_cancellation

_ASKED = own_reason(gettext_noop("asked for on the tracking page"))


@transaction.atomic
def rate_delivery(*, order_id: int, stars: int, comment: str = "") -> DeliveryRating:
    """Keep a customer's rating of 1 to 5 stars. Raises DomainError before delivery or for a second rating."""
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    if order.delivered_at is None:
        raise DomainError(_("The order hasn't arrived yet."), "not_delivered")
    rating, is_new = DeliveryRating.objects.get_or_create(
        order=order, defaults={"stars": stars, "comment": comment.strip(), "created_at": timezone.now()}
    )
    if not is_new:
        raise DomainError(_("You have rated this order already. Thank you."), "rated_already")
    return rating


def ask_to_cancel(*, order_id: int) -> bool:
    """The customer wants to cancel; True if the order is cancelled, False if a person will answer."""
    return request_cancellation(
        order_id=order_id,
        at=timezone.now(),
        actor=Actor.for_customer(TRACKING_PAGE),
        reason=_ASKED,
    )

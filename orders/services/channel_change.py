"""Deciding about a change that the channel made after the order had gone to a warehouse."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.exceptions import DomainError
from core.outbox.services import publish
from orders.channels import canonical_payload
from orders.codes import CHANGED_BY_CHANNEL, ORDER_SUBJECT
from orders.enums import OrderStatus
from orders.events import OrdersCancelled
from orders.locks import lock_order
from orders.models import IntakeMessage, Order
from orders.schema import CanonicalOrder, parse_order
from orders.services.intake_entries import defaults_of
from orders.services.moves import move_orders
from orders.services.revise import Change, apply_updates, last_versions
from orders.services.unallocate import unallocate_orders


@transaction.atomic
def accept_channel_change(*, order_id: int, actor: Actor) -> Order:
    """Stop the order's parcels in the warehouse and take over the channel's newest version of it.

    The order goes back to review. Raises DomainError once a parcel has left.
    """
    order = lock_order(order_id)
    now = timezone.now()
    stopped = unallocate_orders([order], at=now, actor=actor, reason=CHANGED_BY_CHANNEL, intercept=True)
    publish(OrdersCancelled(order_ids=[], fulfilment_ids=[f.pk for f in stopped]))
    move_orders([order], OrderStatus.PENDING_REVIEW, at=now, actor=actor, reason=CHANGED_BY_CHANNEL)
    # Without a known version every part of the message counts as changed.
    version = _newest_version(order)
    Order.objects.filter(pk=order.pk).update(released_at=None, payload_sha256="")
    apply_updates([Change(order.pk, version, version.content_sha256())], channel=order.channel, actor=actor, at=now)
    return order


@transaction.atomic
def refuse_channel_change(*, order_id: int, actor: Actor, reason: str) -> None:
    """Keep the order as it is, and say why."""
    order = lock_order(order_id)
    record(
        action="orders.channel_change_refused",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        reason=reason,
    )


def _newest_version(order: Order) -> CanonicalOrder:
    """The version that the order was compared with last; an older one may have been repeated since."""
    found = last_versions([order], order.channel).get(order.pk)
    if found is not None:
        return found
    # The channel's defaults have changed since, and with them what its messages mean.
    message = IntakeMessage.objects.filter(order=order).order_by("-last_seen_at", "-pk").first()
    if message is not None:
        version = parse_order(canonical_payload(message.source, message.raw), defaults_of(order.channel))
        if isinstance(version, CanonicalOrder):
            return version
    raise DomainError(_("The channel's message can't be read any more."), "no_message")

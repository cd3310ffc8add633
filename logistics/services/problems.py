"""Parcels in trouble, and the ways out: sent again, replaced, refunded, or settled with the customer."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.db import next_ids
from core.exceptions import DomainError, NotFound
from core.stages import nudge
from logistics.codes import LABEL, SHIPMENT_SUBJECT
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from logistics.services.shipments import lock_shipment
from orders.services.lost import replace_parcel, write_off_parcel

_S = ShipmentStatus
_LEFT_US = frozenset({_S.EXCEPTION, _S.LOST, _S.EXPIRED})


@transaction.atomic
def ship_again(*, shipment_id: int, actor: Actor) -> Shipment:
    """Send a parcel that came back once more: a new shipment of the same goods, with a label of its own.

    Raises DomainError unless the parcel was returned to us.
    """
    shipment = lock_shipment(shipment_id)
    if shipment.status != _S.RETURNED:
        raise DomainError(_("Only a parcel that came back can be sent again."), "not_returned")
    if Shipment.objects.filter(fulfilment_id=shipment.fulfilment_id, pk__gt=shipment.pk).exists():
        raise DomainError(_("It has been sent again already."), "already_sent")
    pk = next_ids(Shipment, 1)[0]
    again = Shipment(
        pk=pk,
        number=f"SH{pk:08d}",
        fulfilment_id=shipment.fulfilment_id,
        order_id=shipment.order_id,
        warehouse_id=shipment.warehouse_id,
        destination_country=shipment.order.ship_country,
        weight_g=shipment.weight_g,
        carrier_id=shipment.carrier_id,
        service=shipment.service,
        status=_S.PENDING,
        label_due_at=timezone.now(),
        created_at=timezone.now(),
    )
    again.save(force_insert=True)
    _settle_problem(shipment)
    record(
        action="logistics.shipped_again",
        actor=actor,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=shipment.number,
        changes={"shipment": [shipment.number, again.number]},
    )
    nudge(LABEL)
    return again


@transaction.atomic
def replace_lost(*, shipment_id: int, actor: Actor) -> Shipment:
    """Send new goods in place of a parcel that is lost, damaged or no longer heard of.

    Raises DomainError for a parcel in another state, or whose fulfilment order isn't shipped.
    """
    found = _found(shipment_id)
    replace_parcel(fulfilment_id=found.fulfilment_id, actor=actor, reason=_why(found))
    shipment = lock_shipment(shipment_id)
    if shipment.status not in _LEFT_US:
        raise DomainError(_("Only a lost or damaged parcel can be replaced."), "not_lost")
    _settle_problem(shipment)
    _record("logistics.parcel_replaced", shipment, actor)
    return shipment


@transaction.atomic
def write_off(*, shipment_id: int, reason: str, actor: Actor) -> Shipment:
    """The customer is paid back for a parcel that is lost, damaged or came back; nothing takes its place.

    Raises DomainError for a parcel in another state, or while its order has something left to send.
    """
    found = _found(shipment_id)
    write_off_parcel(fulfilment_id=found.fulfilment_id, actor=actor, reason=reason)
    shipment = lock_shipment(shipment_id)
    if shipment.status not in _LEFT_US | {_S.RETURNED}:
        raise DomainError(_("Only a lost, damaged or returned parcel can be refunded."), "not_lost")
    _settle_problem(shipment)
    _record("logistics.parcel_written_off", shipment, actor, reason)
    return shipment


@transaction.atomic
def settle_problem(*, shipment_id: int, reason: str, actor: Actor) -> Shipment:
    """Say that a parcel's problem is dealt with outside: refunded, replaced, cleared with the carrier."""
    shipment = lock_shipment(shipment_id)
    _settle_problem(shipment)
    _record("logistics.problem_settled", shipment, actor, reason)
    return shipment


@transaction.atomic
def confirm_relabelled(*, shipment_id: int, actor: Actor) -> Shipment:
    """Say that the box of a packed parcel has its new label on. Raises DomainError while there is no such label."""
    shipment = lock_shipment(shipment_id)
    if shipment.status != _S.LABEL_CREATED:
        raise DomainError(_("It has no label yet."), "no_label")
    _settle_problem(shipment)
    _record("logistics.relabelled", shipment, actor)
    return shipment


def _settle_problem(shipment: Shipment) -> None:
    shipment.problem_settled_at = timezone.now()
    shipment.save(update_fields=["problem_settled_at"])


def _found(shipment_id: int) -> Shipment:
    """The parcel as it is, unlocked: its order is locked before it."""
    shipment = Shipment.objects.filter(pk=shipment_id).first()
    if shipment is None:
        raise NotFound
    return shipment


def _why(shipment: Shipment) -> str:
    return f"{shipment}: {shipment.status}"


def _record(action: str, shipment: Shipment, actor: Actor, reason: str = "") -> None:
    record(
        action=action,
        actor=actor,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=shipment.number,
        reason=reason,
    )

"""The warehouse's own steps, on top of what orders knows of a fulfilment order."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError, NotFound
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from orders.enums import FulfilmentStatus
from orders.locks import lock_fulfilments
from orders.models import FulfilmentOrder
from orders.services.fulfilment import (
    pick_and_check_all,
    record_packed,
    record_shipped,
    report_short,
    start_picking,
)


@transaction.atomic
def pack_without_scanning(*, fulfilment_id: int, actor: Actor) -> FulfilmentOrder:
    """Pick, check and close a parcel in one step, for warehouses that work on paper."""
    pick_and_check_all(fulfilment_id=fulfilment_id, actor=actor)
    return record_packed(fulfilment_id=fulfilment_id, weight_g=0, actor=actor)


@transaction.atomic
def hand_over_parcel(*, fulfilment_id: int, actor: Actor) -> FulfilmentOrder:
    """A packed parcel goes with the carrier. Raises DomainError while it has no label, or one that names a recipient
    who has been corrected since."""
    fulfilment = next(iter(lock_fulfilments([fulfilment_id])), None)
    if fulfilment is None:
        raise NotFound
    if fulfilment.status == FulfilmentStatus.SHIPPED:
        return fulfilment
    if fulfilment.status != FulfilmentStatus.PACKED:
        raise DomainError(_("Pack it first."), "not_packed")
    # Locked: nobody may give the label back, or replace it, from here on.
    parcels = Shipment.objects.filter(fulfilment_id=fulfilment_id, status=ShipmentStatus.LABEL_CREATED)
    shipment = parcels.select_for_update(of=("self",), no_key=True).first()
    if shipment is None:
        raise DomainError(_("It has no label yet."), "no_label")
    if shipment.label_readdressed_at != fulfilment.readdressed_at:
        raise DomainError(
            _("The recipient was corrected: a new label is on its way. Take the old one off the parcel."), "label_void"
        )
    record_shipped(fulfilment_ids=[fulfilment_id], actor=actor)
    fulfilment.refresh_from_db()
    return fulfilment


@transaction.atomic
def report_missing(*, fulfilment_id: int, found: Mapping[int, int], actor: Actor) -> FulfilmentOrder:
    """A picker finds less on the shelf than was promised: {fulfilment line id: units found}.

    Lines not named were found whole. An empty shelf gives nothing to scan, so this takes the order for picking
    where the picker hasn't yet. Raises DomainError if somebody else is picking it.
    """
    start_picking(fulfilment_id=fulfilment_id, actor=actor)
    return report_short(fulfilment_id=fulfilment_id, found=found, actor=actor)

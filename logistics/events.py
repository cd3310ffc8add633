"""What logistics tells the rest of the house; batches of ids."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.outbox.events import Event


@dataclass(frozen=True, kw_only=True)
class ShipmentsLabelled(Event):
    """Labels are bought; `shipment_ids` have tracking numbers now."""

    name: ClassVar[str] = "logistics.labelled"
    label: ClassVar[str | Promise] = _("Labels bought")
    shipment_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ShipmentStatusChanged(Event):
    """Parcels reached another state: `changes` maps the shipment's id (as text) to [old, new]."""

    name: ClassVar[str] = "logistics.status_changed"
    label: ClassVar[str | Promise] = _("Parcels reached another state")
    shipment_ids: list[int]
    changes: dict[str, list[str]]

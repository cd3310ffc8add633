"""Boxes whose label is no longer valid: still here, or gone with the carrier."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from core.cases.services import open_cases
from logistics.codes import LABEL_REPLACED, LEFT_WITH_OLD_LABEL
from logistics.enums import ShipmentStatus
from logistics.models import Shipment, ShipmentLabel, TrackingEvent
from logistics.services.consequences import seed
from orders.enums import FulfilmentStatus
from orders.services.progress import GONE

_S = ShipmentStatus

#: A closed box of which nobody has said that the label it has now is on it.
WAITS_FOR_LABEL = Q(
    fulfilment__status=FulfilmentStatus.PACKED,
    status__in=[_S.PENDING, _S.LABEL_CREATED],
    handed_over_at=None,
    problem_settled_at=None,
)
_SCANNED = TrackingEvent.objects.filter(shipment=OuterRef("pk"), status__in=[*_S.MOVING, _S.DELIVERED])
_HAS_LEFT = Q(status__in=[*(_S.MOVING - {_S.RETURNING}), _S.DELIVERED]) | Q(
    status=_S.LABEL_CREATED, fulfilment__status__in=GONE
)
#: What was settled before a correction isn't about it.
_UNSETTLED = Q(problem_settled_at=None) | Q(problem_settled_at__lt=F("fulfilment__readdressed_at"))
#: Under way to whom its label names; one that comes back is a problem parcel, and is sent again with another label.
GONE_ASTRAY = _UNSETTLED & (_HAS_LEFT | (Q(status=_S.CANCELLED) & Exists(_SCANNED)))
#: The label was asked for with the address as it was before the last correction.
_KNOWS_LESS = Q(fulfilment__readdressed_at__isnull=False) & (
    Q(label_readdressed_at=None) | Q(label_readdressed_at__lt=F("fulfilment__readdressed_at"))
)


def report_replaced(shipment_ids: Sequence[int], *, at: datetime) -> None:
    """These shipments took over from others: a box that is closed has the label on that was there to be printed."""
    printed = ShipmentLabel.objects.filter(shipment__fulfilment=OuterRef("fulfilment"), shipment__status=_S.CANCELLED)
    packed = Shipment.objects.filter(WAITS_FOR_LABEL, Exists(printed), pk__in=shipment_ids)
    open_cases(
        [
            seed(
                shipment,
                LABEL_REPLACED,
                "packed",
                channel_id=shipment.order.channel_id,
                cause_at=at,
                number=shipment.fulfilment.number,
            )
            for shipment in packed.select_related("order", "fulfilment").order_by("pk")
        ]
    )


def report_left(fulfilment_ids: Sequence[int], *, at: datetime) -> None:
    """The recipient was corrected at `at`: parcels that had left by the time that their labels were to be replaced."""
    gone = Shipment.objects.filter(_HAS_LEFT, _KNOWS_LESS, _UNSETTLED, fulfilment_id__in=fulfilment_ids)
    _open_left(gone, "corrected", at)


def report_scanned(shipments: Iterable[Shipment], *, at: datetime) -> None:
    """News came of these parcels: carriers have those that they scan although their label was given back."""
    void = [shipment.pk for shipment in shipments if shipment.status == _S.CANCELLED]
    if void:
        _open_left(Shipment.objects.filter(_UNSETTLED, Exists(_SCANNED), pk__in=void), "void", at)


def _open_left(shipments: QuerySet[Shipment], summary_code: str, at: datetime) -> None:
    open_cases(
        [
            seed(shipment, LEFT_WITH_OLD_LABEL, summary_code, channel_id=shipment.order.channel_id, cause_at=at)
            for shipment in shipments.select_related("order").order_by("pk")
        ]
    )

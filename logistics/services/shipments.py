"""The life of a shipment on our side: made at release, labelled, handed over, cancelled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.audit.services import AuditRow, record, record_many
from core.cases.services import clear_cases
from core.db import update_rows
from core.exceptions import DomainError, NotFound
from core.stages import nudge
from logistics.codes import LABEL, LABEL_FAILED, LABEL_REPLACED, NO_CARRIER, POLL, SHIPMENT_SUBJECT
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, Shipment
from logistics.services.estimates import estimate_for, transit_tables
from logistics.services.void_labels import report_left, report_replaced
from orders.codes import ADDRESS_CHANGED
from orders.enums import FulfilmentStatus
from orders.locks import lock_fulfilments

_S = ShipmentStatus
_MADE_FOR = frozenset({FulfilmentStatus.RELEASED, FulfilmentStatus.PICKING, FulfilmentStatus.PACKED})

#: A carrier is asked about parcels in these; the others are over, or have no valid label.
ASKABLE = _S.MOVING | {_S.LABEL_CREATED, _S.LOST, _S.EXPIRED}
#: The first question comes soon after hand-over: it also subscribes to the carrier's pushes.
FIRST_CHECK_AFTER = timedelta(seconds=5)


@transaction.atomic
def create_shipments(*, fulfilment_ids: Sequence[int], at: datetime | None = None) -> list[int]:
    """Make a shipment for every released fulfilment order that has none under way; returns the new ids.

    Safe to repeat: the database allows one live shipment per fulfilment order.
    """
    at = at or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_SQL, {"ids": sorted(fulfilment_ids), "at": at})
        created = [row[0] for row in cursor.fetchall()]
    if created:
        nudge(LABEL)
    return created


# The number is made of the id, so that it is short, unique and known in the same statement.
_CREATE_SQL = """
WITH wanted AS (
    SELECT f.id, f.order_id, f.warehouse_id, o.ship_country,
           COALESCE(NULLIF(f.weight_g, 0), (
               SELECT sum(l.quantity * COALESCE(k.weight_g, 0))
                 FROM orders_fulfilmentline l JOIN inventory_sku k ON k.id = l.sku_id
                WHERE l.fulfilment_id = f.id), 0) AS weight_g
      FROM orders_fulfilmentorder f JOIN orders_order o ON o.id = f.order_id
     WHERE f.id = ANY(%(ids)s) AND f.status IN ('released', 'picking', 'packed')
     ORDER BY f.id
)
INSERT INTO logistics_shipment (
    id, number, fulfilment_id, order_id, warehouse_id, destination_country, weight_g, status, service,
    tracking_number, company_code, carrier_reference, label_currency, label_error, label_due_at, label_attempts,
    subscribe_due, track_digest, poll_failures, poll_error, failed_attempt_count, created_at)
SELECT n.id, 'SH' || lpad(n.id::text, 8, '0'), n.fulfilment_id, n.order_id, n.warehouse_id, n.ship_country,
       n.weight_g, 'pending', '', '', '', '', '', '', %(at)s, 0, false, '', 0, '', 0, %(at)s
  FROM (SELECT nextval(pg_get_serial_sequence('logistics_shipment', 'id')) AS id,
               w.id AS fulfilment_id, w.order_id, w.warehouse_id, w.ship_country, w.weight_g FROM wanted w) AS n
ON CONFLICT DO NOTHING
RETURNING id
"""


@transaction.atomic
def hand_over(*, fulfilment_ids: Sequence[int], at: datetime) -> list[int]:
    """The parcels of these fulfilment orders left with the carrier: promise a delivery date and start to track.

    Parcels handed over already are left alone. Returns the ids of those handed over now.
    """
    shipments = list(
        Shipment.objects.select_for_update(of=("self",), no_key=True)
        .filter(fulfilment_id__in=fulfilment_ids, status=_S.LABEL_CREATED, handed_over_at=None)
        .select_related("carrier", "warehouse", "order")
        .order_by("pk")
    )
    start_tracking(shipments, at=at)
    update_rows(Shipment, "id", _HAND_OVER_COLUMNS, [_values(s, _HAND_OVER_COLUMNS) for s in shipments])
    if shipments:
        clear_cases(LABEL_REPLACED, [shipment.pk for shipment in shipments])
        nudge(POLL)
    return [shipment.pk for shipment in shipments]


_HAND_OVER_COLUMNS = (
    "handed_over_at",
    "last_event_at",
    "estimated_at_handover",
    "estimated_delivery_at",
    "next_poll_at",
    "subscribe_due",
)


def start_tracking(shipments: Sequence[Shipment], *, at: datetime) -> None:
    """Set what hand-over sets on locked rows; the caller saves them."""
    now = timezone.now()
    tables = transit_tables({shipment.carrier_id for shipment in shipments if shipment.carrier_id})
    for shipment in shipments:
        promised = estimate_for(shipment, tables, handed_over_at=at)
        shipment.handed_over_at = at
        shipment.last_event_at = at
        shipment.estimated_at_handover = promised
        shipment.estimated_delivery_at = promised
        shipment.next_poll_at = now + FIRST_CHECK_AFTER if shipment.tracking_number else None
        shipment.subscribe_due = bool(shipment.carrier and shipment.carrier.supports_push)


@transaction.atomic
def cancel_shipments(*, fulfilment_ids: Sequence[int], actor: Actor = SYSTEM, at: datetime | None = None) -> list[int]:
    """Stop the parcels of cancelled fulfilment orders that haven't left; labels already bought are given back."""
    at = at or timezone.now()
    shipments = list(_not_left(fulfilment_ids))
    _cancel(shipments, actor=actor, at=at)
    return [shipment.pk for shipment in shipments]


@transaction.atomic
def renew_shipments(*, fulfilment_ids: Sequence[int], choose_carrier: bool, at: datetime) -> list[int]:
    """The recipient was corrected: parcels that haven't left get a new shipment, the old one's label is given back.

    The old carrier stays unless `choose_carrier` or it is switched off by now. A person is told of boxes that have the
    old label on, here or with the carrier. Returns the ids of the new shipments.
    """
    held = [f.pk for f in lock_fulfilments(fulfilment_ids) if f.status in _MADE_FOR]
    old = list(_not_left(held))
    _cancel(old, actor=SYSTEM, at=at, reason=ADDRESS_CHANGED)
    created = create_shipments(fulfilment_ids=[shipment.fulfilment_id for shipment in old], at=at)
    if not choose_carrier:
        _keep_carriers(created, old)
    report_replaced(created, at=at)
    report_left(fulfilment_ids, at=at)
    return created


def _keep_carriers(created: Sequence[int], old: Sequence[Shipment]) -> None:
    """New shipments go the way of the old ones; without an active carrier one is chosen with the label."""
    active = set(Carrier.objects.filter(is_active=True).values_list("pk", flat=True))
    before = {shipment.fulfilment_id: shipment for shipment in old if shipment.carrier_id in active}
    new = Shipment.objects.filter(pk__in=created, fulfilment_id__in=before).values_list("pk", "fulfilment_id")
    rows = [(pk, before[parcel].carrier_id, before[parcel].service) for pk, parcel in new]
    update_rows(Shipment, "id", ("carrier_id", "service"), rows)


def _not_left(fulfilment_ids: Sequence[int]) -> QuerySet[Shipment]:
    """The parcels of these fulfilment orders that are still here, locked."""
    return (
        Shipment.objects.select_for_update(of=("self",), no_key=True)
        .filter(fulfilment_id__in=fulfilment_ids, handed_over_at=None, status__in=[_S.PENDING, _S.LABEL_CREATED])
        .order_by("pk")
    )


def cancel_stray_shipments(limit: int) -> int:
    """Stop parcels that were being made while their fulfilment order was cancelled, when its event found none
    to stop; returns how many."""
    stray = Shipment.objects.filter(
        status__in=[_S.PENDING, _S.LABEL_CREATED],
        handed_over_at=None,
        fulfilment__status=FulfilmentStatus.CANCELLED,
    )
    ids = list(stray.order_by("pk").values_list("fulfilment_id", flat=True)[:limit])
    return len(cancel_shipments(fulfilment_ids=ids)) if ids else 0


def _cancel(shipments: Sequence[Shipment], *, actor: Actor, at: datetime, reason: str = "") -> None:
    if not shipments:
        return
    # What was settled so far was about a label that was valid.
    rows = [(s.pk, _S.CANCELLED, _give_back_at(s, at), 0, "", None, None) for s in shipments]
    columns = ("status", "label_due_at", "label_attempts", "label_error", "next_poll_at", "problem_settled_at")
    update_rows(Shipment, "id", columns, rows)
    record_many(
        [
            AuditRow(
                "logistics.shipment_cancelled", actor, SHIPMENT_SUBJECT, s.pk, s.number,
                {"status": [s.status, str(_S.CANCELLED)]}, reason,
            )
            for s in shipments
        ]
    )  # fmt: skip
    ids = [shipment.pk for shipment in shipments]
    clear_cases(NO_CARRIER, ids)
    clear_cases(LABEL_FAILED, ids)
    clear_cases(LABEL_REPLACED, ids)
    nudge(LABEL)


def _give_back_at(shipment: Shipment, at: datetime) -> datetime | None:
    """When to call the carrier about the label of a parcel that is no longer wanted."""
    if shipment.tracking_number:
        return at
    if shipment.label_requested_at:
        # Somebody may still be buying it: not before the claim ends, or a label bought late would stay.
        return shipment.label_due_at or at
    return None


@transaction.atomic
def retry_label(*, shipment_id: int, actor: Actor) -> Shipment:
    """Have a label bought again, now, with all attempts to go. Raises DomainError once there is a label."""
    shipment = lock_shipment(shipment_id)
    if shipment.status != _S.PENDING:
        raise DomainError(_("This parcel has a label already."), "has_label")
    shipment.label_due_at = timezone.now()
    shipment.label_attempts = 0
    shipment.label_error = ""
    shipment.destination_country = shipment.order.ship_country  # it may have been corrected
    shipment.save(update_fields=["label_due_at", "label_attempts", "label_error", "destination_country"])
    record(
        action="logistics.label_retried",
        actor=actor,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=shipment.number,
    )
    nudge(LABEL)
    return shipment


@transaction.atomic
def change_carrier(*, shipment_id: int, carrier_id: int, service: str = "", actor: Actor) -> Shipment:
    """Send a parcel with another carrier. A label that was bought is given back and a new shipment takes over.

    Returns the shipment that goes on. Raises DomainError once the parcel has left.
    """
    shipment = lock_shipment(shipment_id)
    carrier = Carrier.objects.filter(pk=carrier_id, is_active=True).first()
    if carrier is None:
        raise NotFound
    if shipment.handed_over_at or shipment.status not in (_S.PENDING, _S.LABEL_CREATED):
        raise DomainError(_("The parcel has left; its carrier can't be changed."), "handed_over")
    # An attempt whose end we don't know may have bought a label from the old carrier: leave it behind with its
    # number, so that a reference never means two carriers.
    if shipment.tracking_number or shipment.label_requested_at:
        _cancel([shipment], actor=actor, at=timezone.now(), reason=f"→ {carrier.code}")
        created = create_shipments(fulfilment_ids=[shipment.fulfilment_id])
        if not created:
            raise DomainError(_("The warehouse no longer has this parcel."), "not_released")
        report_replaced(created, at=timezone.now())
        shipment = lock_shipment(created[0])
    changes = {"carrier": [str(shipment.carrier or ""), str(carrier)], "service": [shipment.service, service]}
    shipment.carrier = carrier
    shipment.service = service
    shipment.label_due_at = timezone.now()
    shipment.label_attempts = 0
    shipment.label_error = ""
    shipment.save(update_fields=["carrier", "service", "label_due_at", "label_attempts", "label_error"])
    clear_cases(NO_CARRIER, [shipment.pk])
    record(
        action="logistics.shipment_carrier_changed",
        actor=actor,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=shipment.number,
        changes=changes,
    )
    nudge(LABEL)
    return shipment


@transaction.atomic
def poll_now(*, shipment_id: int, actor: Actor) -> Shipment:
    """Ask the carrier about a parcel at once. Raises DomainError where there is nothing to ask about."""
    shipment = lock_shipment(shipment_id)
    if not shipment.tracking_number or shipment.status not in ASKABLE:
        raise DomainError(_("This parcel isn't with a carrier."), "not_tracked")
    shipment.next_poll_at = timezone.now()
    shipment.poll_failures = 0
    shipment.save(update_fields=["next_poll_at", "poll_failures"])
    record(
        action="logistics.checked_by_hand",
        actor=actor,
        subject_type=SHIPMENT_SUBJECT,
        subject_id=shipment.pk,
        subject_label=shipment.number,
    )
    nudge(POLL)
    return shipment


def lock_shipment(shipment_id: int) -> Shipment:
    """Lock and re-read a shipment. Raises NotFound."""
    shipment = (
        Shipment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("carrier", "warehouse", "order")
        .filter(pk=shipment_id)
        .first()
    )
    if shipment is None:
        raise NotFound
    return shipment


def _values(shipment: Shipment, columns: Sequence[str]) -> tuple[object, ...]:
    return (shipment.pk, *(getattr(shipment, column) for column in columns))

"""Buying labels, and giving them back.

Three steps, so that no lock is held while a carrier is called: claim (write down that a label may be bought
from now on), call, save. The reference given to the carrier is the shipment's number; an attempt that follows one
whose end is unknown says so, and the adapter finds the label that was bought instead of buying another.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.actor import own_reason
from core.cases.registry import CaseSeed
from core.cases.services import clear_cases, open_cases
from core.db import claim, insert_rows, update_rows
from core.outbox.services import publish
from logistics.carriers.base import (
    CarrierAdapter,
    CarrierError,
    CarrierGarbled,
    CarrierRejected,
    Label,
    ShipmentRequest,
)
from logistics.carriers.registry import adapter_codes
from logistics.codes import LABEL_FAILED, NO_CARRIER
from logistics.enums import ShipmentStatus
from logistics.events import ShipmentsLabelled
from logistics.models import Carrier, Shipment, ShipmentLabel
from logistics.rules.breaker import OPENS_AFTER
from logistics.rules.label_retry import retry_label_after
from logistics.services.calling import Calls, Outcome
from logistics.services.choice import active_rules, carriers_switched_off, choose_carrier
from logistics.services.consequences import seed
from logistics.services.health import record_outcomes
from logistics.services.label_requests import label_requests
from logistics.services.shipments import start_tracking
from logistics.throttle import take_calls
from orders.enums import FulfilmentStatus

_S = ShipmentStatus

#: A claimed label whose worker died is tried again after this; longer than any batch can take.
LEASE = timedelta(minutes=10)
STREET_MISSING = own_reason(gettext_noop("The recipient's street is missing."))
_CLAIM_COLUMNS = (
    "carrier_id",
    "service",
    "label_due_at",
    "label_requested_at",
    "label_readdressed_at",
    "label_attempts",
)
_RESULT_COLUMNS = (
    "status",
    "tracking_number",
    "carrier_reference",
    "label_cost",
    "label_currency",
    "label_due_at",
    "label_requested_at",
    "label_error",
    "label_created_at",
    "handed_over_at",
    "last_event_at",
    "estimated_at_handover",
    "estimated_delivery_at",
    "next_poll_at",
    "subscribe_due",
)


@dataclass(frozen=True, slots=True)
class LabelWork:
    """One call about a label: `request` to buy it (or to find what it bought, where the parcel is no longer
    wanted), None to give `tracking_number` back."""

    shipment_id: int
    request: ShipmentRequest | None
    tracking_number: str = ""
    carrier_reference: str = ""
    is_wanted: bool = True


Result = Label | bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed shipments to call about; `unsure` are those whose last attempt may have bought a label."""

    shipments: Sequence[Shipment]
    unsure: set[int]
    handled: int


def label_batch(limit: int) -> int:
    """Buy (or give back) labels for up to `limit` due shipments; returns how many were handled."""
    now = timezone.now()
    with transaction.atomic():
        batch = _claim(limit, now)
        work = _work(batch)
    calls: Calls[LabelWork, Result] = Calls()
    for carrier, items in work:
        calls.add(carrier, items, _call)
    outcomes, health = calls.run()
    if outcomes:
        at = timezone.now()
        with transaction.atomic():
            _save(outcomes, at)
        with transaction.atomic():
            record_outcomes(health, at=at)
    return batch.handled


def _call(adapter: CarrierAdapter, item: LabelWork) -> Result:
    if item.request is not None and not item.is_wanted:
        return adapter.recover_label(item.request) or True
    if item.request is not None:
        _refuse_incomplete(item.request)
        return adapter.create_label(item.request)
    adapter.cancel_label(tracking_number=item.tracking_number, carrier_reference=item.carrier_reference)
    return True


def _refuse_incomplete(request: ShipmentRequest) -> None:
    """No carrier takes a parcel without a street; asking would only tell so in the carrier's own words."""
    if not request.recipient.street.strip():
        raise CarrierRejected(STREET_MISSING)


# Claim


def _claim(limit: int, now: datetime) -> Batch:
    """Claim due shipments and give each a carrier."""
    due = Shipment.objects.filter(label_due_at__lte=now).order_by("label_due_at")
    claimed = claim(due.select_related("order", "fulfilment", "carrier"), limit)
    if not claimed:
        return Batch([], set(), 0)
    homeless = _assign_carriers([s for s in claimed if s.carrier_id is None and s.status == _S.PENDING])
    _report_homeless(homeless)
    with_carrier = [s for s in claimed if s.carrier is not None]
    ready, later = _allowed(with_carrier, now)
    unsure = {shipment.pk for shipment in ready if shipment.label_requested_at is not None}
    for shipment in ready:
        shipment.label_due_at = now + LEASE
        shipment.label_attempts = min(shipment.label_attempts + 1, 32767)
        if shipment.status == _S.PENDING and shipment.label_requested_at is None:
            shipment.label_requested_at = now
            # Read in one statement with the address. Another attempt may find the label that the first one bought.
            shipment.label_readdressed_at = shipment.fulfilment.readdressed_at
    for shipment in homeless:
        shipment.label_due_at = None
    touched = [*ready, *later, *homeless]
    update_rows(Shipment, "id", _CLAIM_COLUMNS, [_values(s, _CLAIM_COLUMNS) for s in touched])
    return Batch(ready, unsure, len(ready) + len(homeless))


def _assign_carriers(shipments: Sequence[Shipment]) -> list[Shipment]:
    """Choose carriers by rule; returns the parcels that no rule takes."""
    if not shipments:
        return []
    rules = active_rules()
    carriers = {carrier.pk: carrier for carrier in Carrier.objects.filter(is_active=True)}
    homeless = []
    for shipment in shipments:
        rule = choose_carrier(shipment, rules)
        if rule is None:
            homeless.append(shipment)
        else:
            shipment.carrier = carriers[rule.carrier_id]
            shipment.service = rule.service
    return homeless


def _report_homeless(shipments: Sequence[Shipment]) -> None:
    off = carriers_switched_off(shipments)
    open_cases([_homeless_case(shipment, off[shipment.pk]) for shipment in shipments])


def _homeless_case(shipment: Shipment, switched_off: Sequence[Carrier]) -> CaseSeed:
    names = {"carriers": [[carrier.name, carrier.name_zh] for carrier in switched_off]} if switched_off else {}
    return seed(
        shipment,
        NO_CARRIER,
        "switched_off" if switched_off else "none",
        channel_id=shipment.order.channel_id,
        cause_at=shipment.created_at,
        country=shipment.destination_country,
        weight=f"{shipment.weight_g / 1000:.2f}",
        **names,
    )


def _allowed(shipments: Sequence[Shipment], now: datetime) -> tuple[list[Shipment], list[Shipment]]:
    """Split into those whose carrier may be called now and those that wait for it."""
    by_carrier: dict[int, list[Shipment]] = defaultdict(list)
    for shipment in shipments:
        by_carrier[shipment.carrier_id or 0].append(shipment)
    ready: list[Shipment] = []
    later: list[Shipment] = []
    for group in by_carrier.values():
        carrier = group[0].carrier
        if carrier is None or carrier.adapter not in adapter_codes():
            _postpone(group, now + timedelta(minutes=5), later)
            continue
        # One that is switched off sells nothing more; what it sold can still be given back.
        waiting = [s for s in group if carrier.is_active or s.status != _S.PENDING]
        _postpone([s for s in group if s not in waiting], now + timedelta(minutes=5), later)
        if not waiting:
            continue
        if carrier.circuit_open_until and carrier.circuit_open_until > now:
            _postpone(waiting, carrier.circuit_open_until, later)
            continue
        wanted = 1 if carrier.consecutive_failures >= OPENS_AFTER else len(waiting)
        count = take_calls(carrier_id=carrier.pk, rate_per_second=carrier.rate_per_second, wanted=wanted)
        ready += waiting[:count]
        _postpone(waiting[count:], now + timedelta(seconds=1), later)
    return ready, later


def _postpone(shipments: Sequence[Shipment], until: datetime, later: list[Shipment]) -> None:
    for shipment in shipments:
        shipment.label_due_at = until
        later.append(shipment)


def _work(batch: Batch) -> list[tuple[Carrier, list[LabelWork]]]:
    """What to ask of each carrier: buy for waiting shipments, give back for cancelled ones, and find first what
    an attempt bought whose end nobody saw."""
    nameless = [s for s in batch.shipments if not s.tracking_number]
    requests = label_requests(nameless, batch.unsure)
    work: dict[int, tuple[Carrier, list[LabelWork]]] = {}
    for shipment in batch.shipments:
        item = LabelWork(
            shipment.pk,
            requests.get(shipment.pk),
            shipment.tracking_number,
            shipment.carrier_reference,
            is_wanted=shipment.status == _S.PENDING,
        )
        if shipment.carrier is not None:  # claiming gave everyone a carrier or left it out
            work.setdefault(shipment.carrier.pk, (shipment.carrier, []))[1].append(item)
    return list(work.values())


# Save


def _save(outcomes: Sequence[Outcome[LabelWork, Result]], at: datetime) -> None:
    """Write what the carriers answered, whatever became of the shipments in the meantime."""
    by_id = {outcome.item.shipment_id: outcome for outcome in outcomes}
    shipments = list(
        Shipment.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=list(by_id))
        .select_related("carrier", "warehouse", "order", "fulfilment")
        .order_by("pk")
    )
    _refuse_used_numbers(shipments, by_id)
    labelled = [s for s in shipments if _note(s, by_id[s.pk], at)]
    on_the_way = [s for s in labelled if s.fulfilment.status == FulfilmentStatus.SHIPPED]
    # A parcel that came back and is sent again leaves with its new label; nobody packs it a second time.
    start_tracking(on_the_way, at=at)
    update_rows(Shipment, "id", _RESULT_COLUMNS, [_values(s, _RESULT_COLUMNS) for s in shipments])
    _keep_labels(labelled, by_id, at)
    _report_failures([s for s in shipments if s.status == _S.PENDING and s.label_due_at is None])
    if labelled:
        ids = [shipment.pk for shipment in labelled]
        clear_cases(LABEL_FAILED, ids)
        clear_cases(NO_CARRIER, ids)
        publish(ShipmentsLabelled(shipment_ids=ids))


def _note(shipment: Shipment, outcome: Outcome[LabelWork, Result], at: datetime) -> bool:
    """Bring one row up to its outcome; True when it has a label now that it is going to use."""
    if outcome.skipped:
        shipment.label_due_at = at
        return False
    if outcome.error is not None:
        _note_error(shipment, outcome.error, at)
        return False
    if not isinstance(outcome.result, Label):
        shipment.label_due_at = shipment.label_requested_at = None  # given back, or never bought
        return False
    label = outcome.result
    shipment.tracking_number = label.tracking_number[:64]
    shipment.carrier_reference = label.carrier_reference[:64]
    shipment.label_cost, shipment.label_currency = label.cost, label.currency[:3]
    shipment.label_created_at = at
    shipment.label_requested_at = None
    shipment.label_error = ""
    if shipment.status == _S.CANCELLED:
        shipment.label_due_at = at  # cancelled while the carrier was asked: give it back
        return False
    shipment.status = _S.LABEL_CREATED
    shipment.label_due_at = None
    return True


def _note_error(shipment: Shipment, error: CarrierError, at: datetime) -> None:
    shipment.label_error = f"{error.code + ': ' if error.code else ''}{error.reason}"[:255]
    wait = retry_label_after(attempts=shipment.label_attempts, jitter=random())  # noqa: S311 - spreads load
    if isinstance(error, CarrierRejected):
        shipment.label_requested_at = None  # a refusal is certain: nothing was bought
        wait = None
    if shipment.status == _S.CANCELLED and not shipment.tracking_number and shipment.label_requested_at is None:
        wait = None  # nothing to give back
    shipment.label_due_at = at + wait if wait is not None else None


def _refuse_used_numbers(shipments: Sequence[Shipment], by_id: Mapping[int, Outcome[LabelWork, Result]]) -> None:
    """A number that another parcel of the carrier has is an answer that can't be right."""
    numbers = {o.result.tracking_number for o in by_id.values() if isinstance(o.result, Label)}
    taken = {
        (carrier_id, number): pk
        for pk, carrier_id, number in Shipment.objects.filter(tracking_number__in=numbers).values_list(
            "pk", "carrier_id", "tracking_number"
        )
    }
    for shipment in shipments:
        outcome = by_id[shipment.pk]
        if not isinstance(outcome.result, Label):
            continue
        number = outcome.result.tracking_number
        owner = taken.setdefault((shipment.carrier_id or 0, number), shipment.pk)
        if owner != shipment.pk:
            outcome.result = None
            outcome.error = CarrierGarbled(f"{number} belongs to another parcel")


def _keep_labels(shipments: Sequence[Shipment], by_id: Mapping[int, Outcome[LabelWork, Result]], at: datetime) -> None:
    results = ((shipment.pk, by_id[shipment.pk].result) for shipment in shipments)
    rows = [(pk, result.pdf, at) for pk, result in results if isinstance(result, Label)]
    insert_rows(
        ShipmentLabel,
        ("shipment_id", "pdf", "created_at"),
        rows,
        on_conflict="ON CONFLICT (shipment_id) DO UPDATE SET pdf = excluded.pdf, created_at = excluded.created_at",
    )


def _report_failures(shipments: Sequence[Shipment]) -> None:
    """It is a person's turn: the carrier refused, or has failed too often."""
    open_cases(
        [
            seed(
                shipment,
                LABEL_FAILED,
                "failed",
                channel_id=shipment.order.channel_id,
                cause_at=shipment.created_at,
                carrier=[shipment.carrier.name, shipment.carrier.name_zh] if shipment.carrier else "",
                reason=shipment.label_error,
            )
            for shipment in shipments
        ]
    )


def retry_homeless() -> int:
    """Try parcels without a carrier again, after a rule or a carrier changed; returns how many."""
    return Shipment.objects.filter(status=_S.PENDING, carrier=None, label_due_at=None).update(
        label_due_at=timezone.now()
    )


def _values(shipment: Shipment, columns: Sequence[str]) -> tuple[object, ...]:
    return (shipment.pk, *(getattr(shipment, column) for column in columns))

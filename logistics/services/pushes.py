"""Carriers' pushes: checked and kept while the carrier waits, read afterwards."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.db import claim, insert_rows, update_rows
from core.stages import StageDue, nudge
from logistics.carriers.base import CarrierAdapter, CarrierGarbled, PushAnswer, PushItem, PushRefused
from logistics.codes import INGEST
from logistics.enums import EventSource, PushState
from logistics.models import Carrier, PushMessage, Shipment
from logistics.services.calling import adapter_of
from logistics.services.ingest import Arrival, ingest

logger = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(days=90)
_CAP = 1000
_AGAIN = "ON CONFLICT (carrier_id, body_sha256) DO UPDATE SET seen_count = logistics_pushmessage.seen_count + 1"


@transaction.atomic
def keep_push(*, carrier: Carrier, headers: Mapping[str, str], body: bytes) -> PushAnswer:
    """Verify a push and keep it as it came; returns the answer the carrier expects.

    A repetition is counted, not kept twice. Raises PushRefused for a wrong signature. A body that is signed but
    can't be read is kept too, as failed, so that somebody can look at it.
    """
    adapter = adapter_of(carrier)
    state, error = PushState.RECEIVED, ""
    try:
        _understand(adapter, headers, body)
    except CarrierGarbled as garbled:
        state, error = PushState.FAILED, garbled.reason
    insert_rows(
        PushMessage,
        ("carrier_id", "body_sha256", "body", "state", "error", "received_at", "seen_count"),
        [
            (
                carrier.pk,
                hashlib.sha256(body).hexdigest(),
                body.decode("utf-8", "replace").replace("\x00", ""),
                state,
                error[:255],
                timezone.now(),
                1,
            )
        ],
        on_conflict=_AGAIN,
    )
    nudge(INGEST)
    return adapter.push_answer(accepted=True)


def ingest_batch(limit: int) -> int:
    """Take in up to `limit` kept pushes, oldest first; returns how many were handled."""
    now = timezone.now()
    with transaction.atomic():
        due = PushMessage.objects.filter(state=PushState.RECEIVED).order_by("id")
        messages = claim(due.select_related("carrier"), limit)
        if not messages:
            return 0
        items, errors = _read(messages)
        arrivals, strangers = _addressed(items, {message.pk: message.carrier_id for message in messages})
        errors.update(strangers)
        if arrivals:
            ingest(arrivals, at=now)
        _settle(messages, errors, now)
        return len(messages)


def _read(messages: Sequence[PushMessage]) -> tuple[dict[int, list[PushItem]], dict[int, str]]:
    """The parcels' news by message, and what is wrong with messages that can't be read (any more)."""
    items: dict[int, list[PushItem]] = {}
    errors: dict[int, str] = {}
    for message in messages:
        try:
            items[message.pk] = _understand(adapter_of(message.carrier), {}, message.body.encode())
        except (CarrierGarbled, PushRefused, KeyError) as error:
            errors[message.pk] = f"{type(error).__name__}: {error}"
    return items, errors


def _understand(adapter: CarrierAdapter, headers: Mapping[str, str], body: bytes) -> list[PushItem]:
    """The adapter's reading; whatever it trips over is a push that can't be read."""
    try:
        return adapter.read_push(headers, body)
    except (CarrierGarbled, PushRefused):
        raise
    except Exception as error:  # one push must neither answer the carrier with our fault nor hold up the others
        logger.exception("Adapter %s failed on a push", adapter.code)
        raise CarrierGarbled(f"{type(error).__name__}: {error}") from error


def _addressed(
    items: Mapping[int, Sequence[PushItem]], carriers: Mapping[int, int]
) -> tuple[list[Arrival], dict[int, str]]:
    """News matched to our parcels by carrier and number; messages about numbers that aren't ours."""
    numbers = {item.result.number for found in items.values() for item in found}
    shipments = {
        (carrier_id, number): pk
        for pk, carrier_id, number in Shipment.objects.filter(tracking_number__in=numbers).values_list(
            "pk", "carrier_id", "tracking_number"
        )
    }
    arrivals: list[Arrival] = []
    strangers: dict[int, str] = {}
    for message_id, found in items.items():
        for item in found:
            shipment_id = shipments.get((carriers[message_id], item.result.number))
            if shipment_id is None:
                strangers[message_id] = f"no parcel {item.result.number}"
                continue
            subscribed = False if item.subscribe_again else None
            arrivals.append(Arrival(shipment_id, item.result, EventSource.PUSH, subscribed))
    return arrivals, strangers


def _settle(messages: Sequence[PushMessage], errors: Mapping[int, str], at: datetime) -> None:
    rows = [
        (
            message.pk,
            PushState.FAILED if message.pk in errors else PushState.INGESTED,
            errors.get(message.pk, "")[:255],
            at,
        )
        for message in messages
    ]
    update_rows(PushMessage, "id", ("state", "error", "ingested_at"), rows)


@transaction.atomic
def read_again(*, message_ids: Sequence[int]) -> int:
    """Have kept pushes read again, as after a mapping was corrected; returns how many."""
    count = PushMessage.objects.filter(pk__in=message_ids).update(state=PushState.RECEIVED, error="")
    nudge(INGEST)
    return count


def forget_old(limit: int) -> int:
    """Delete up to `limit` pushes that were read long ago, or couldn't be; returns how many. Their events stay."""
    ids = list(_old()[:limit])
    return PushMessage.objects.filter(pk__in=ids).exclude(state=PushState.RECEIVED).delete()[0] if ids else 0


def old_due() -> StageDue:
    """How many wait for deletion, up to a cap; nobody feels their age."""
    count = len(_old()[:_CAP])
    return StageDue(count_is_capped=count == _CAP, count=count, oldest_at=None)


def _old() -> QuerySet[PushMessage, int]:
    return (
        PushMessage.objects.filter(ingested_at__lt=timezone.now() - KEPT_FOR)
        .exclude(state=PushState.RECEIVED)
        .order_by("ingested_at")
        .values_list("pk", flat=True)
    )

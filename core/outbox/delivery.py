"""Carrying events to their handlers: at least once by redelivery, effectively once by receipts."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core.db import claim, insert_rows
from core.logging import scrub_text
from core.nudging import breaker
from core.outbox.events import EventEnvelope
from core.outbox.exceptions import HandlersFailed
from core.outbox.models import HandlerFailure, HandlerReceipt, OutboxEvent
from core.outbox.registry import handler_named, handlers_of
from core.stages import StageDue, capped_due, tidying_due

logger = logging.getLogger(__name__)

REDELIVER_AFTER = timedelta(seconds=60)
MAX_ATTEMPTS = 12
FIRST_RETRY_SECONDS = 5
MAX_RETRY_SECONDS = 3600
EVENTS_PER_TASK = 50
KEEP_COMPLETED = timedelta(days=14)
DUE_CAP = 10_000

Deliveries = dict[str, list[int]]


def relay(batch_size: int) -> int:
    """Hand due events to Celery, several per task. Returns how many events were due."""
    with transaction.atomic():
        events, deliveries = _claim_deliveries(batch_size)
    for handler, event_ids in deliveries.items():
        for start in range(0, len(event_ids), EVENTS_PER_TASK):
            if breaker.is_open:  # the events stay claimed for a minute and come round again
                break
            _send(handler, event_ids[start : start + EVENTS_PER_TASK])
    return events


def relay_inline(batch_size: int) -> int:
    """Deliver due events here and now, where no worker runs. Raises HandlersFailed after all were tried."""
    with transaction.atomic():
        events, deliveries = _claim_deliveries(batch_size)
    failed = [name for name, ids in deliveries.items() if not deliver(name, ids)]
    if failed:
        raise HandlersFailed(", ".join(failed))
    return events


def deliver(handler_name: str, event_ids: Sequence[int]) -> bool:
    """Call one handler for some events, each in its own transaction with its receipt.

    Returns False if it failed for any; failures are recorded and retried later.
    """
    handler = handler_named(handler_name)
    if handler is None:  # renamed or removed since the task was sent; the relay looks again
        return True
    failed = False
    for event in _undelivered(handler_name, event_ids):
        envelope = EventEnvelope(event.pk, event.name, event.payload, event.occurred_at)
        try:
            with transaction.atomic():
                if _write_receipt(event.pk, handler_name):
                    handler(envelope)
        except Exception as error:
            failed = True
            logger.exception("Handler %s failed for event %s #%s", handler_name, event.name, event.pk)
            _record_failure(event.pk, handler_name, error)
    _complete(event_ids)
    return not failed


def due() -> StageDue:
    instants = OutboxEvent.objects.filter(next_attempt_at__lte=timezone.now()).order_by("next_attempt_at")
    return capped_due(list(instants.values_list("next_attempt_at", flat=True)[:DUE_CAP]), DUE_CAP)


def purge_completed(batch_size: int) -> int:
    """Delete completed events after their time, with receipts. Returns how many."""
    old = _outdated()
    with transaction.atomic():
        ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch_size])
        OutboxEvent.objects.filter(pk__in=ids).delete()
    return len(ids)


def due_for_purge() -> StageDue:
    return tidying_due(_outdated())


def _outdated() -> QuerySet[OutboxEvent]:
    limit = timezone.now() - KEEP_COMPLETED
    return OutboxEvent.objects.filter(completed_at__lt=limit).order_by("completed_at")


def _claim_deliveries(batch_size: int) -> tuple[int, Deliveries]:
    """Claim due events; settle those with nothing to do, postpone the others past redelivery."""
    now = timezone.now()
    waiting = OutboxEvent.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    events = claim(waiting, batch_size)
    if not events:
        return 0, {}
    ids = [event.pk for event in events]
    receipts = set(HandlerReceipt.objects.filter(event_id__in=ids).values_list("event_id", "handler"))
    retries = {(f.event_id, f.handler): f.retry_at for f in HandlerFailure.objects.filter(event_id__in=ids)}
    deliveries: Deliveries = defaultdict(list)
    for event in events:
        missing = [name for name in handlers_of(event.name) if (event.pk, name) not in receipts]
        ready = [name for name in missing if _may_try(retries, event.pk, name, now)]
        for name in ready:
            deliveries[name].append(event.pk)
        _schedule(event, missing, ready, retries, now)
    OutboxEvent.objects.bulk_update(events, ["next_attempt_at", "completed_at", "is_dead"])
    over = {event_id for event_id, _handler in retries}.intersection(e.pk for e in events if e.completed_at)
    if over:  # whoever left the last receipt died before tidying up
        HandlerFailure.objects.filter(event_id__in=over).delete()
    return len(events), deliveries


Retries = dict[tuple[int, str], datetime | None]


def _may_try(retries: Retries, event_id: int, handler: str, now: datetime) -> bool:
    if (event_id, handler) not in retries:
        return True
    retry_at = retries[event_id, handler]
    return retry_at is not None and retry_at <= now


def _schedule(event: OutboxEvent, missing: list[str], ready: list[str], retries: Retries, now: datetime) -> None:
    """Set when the relay has to look at the event again."""
    if not missing:
        event.completed_at, event.next_attempt_at, event.is_dead = now, None, False
        return
    waiting = [at for name in missing if name not in ready and (at := retries[event.pk, name]) is not None]
    instants = [*waiting, *([now + REDELIVER_AFTER] if ready else [])]
    event.next_attempt_at = min(instants, default=None)
    event.is_dead = not instants


def _send(handler: str, event_ids: list[int]) -> None:
    with breaker.guard("delivery to %s", handler):
        current_app.send_task("core.outbox.tasks.deliver", args=[handler, event_ids], retry=False, ignore_result=True)


def _undelivered(handler: str, event_ids: Iterable[int]) -> list[OutboxEvent]:
    receipt = HandlerReceipt.objects.filter(event=OuterRef("pk"), handler=handler)
    return list(OutboxEvent.objects.filter(~Exists(receipt), pk__in=event_ids).order_by("pk"))


def _write_receipt(event_id: int, handler: str) -> bool:
    """False if the handler has been here already; waits for one that is at it in another transaction."""
    written = insert_rows(
        HandlerReceipt,
        ["event_id", "handler", "handled_at"],
        [(event_id, handler, timezone.now())],
        on_conflict="ON CONFLICT (event_id, handler) DO NOTHING",
        returning=["id"],
    )
    return bool(written)


def _record_failure(event_id: int, handler: str, error: Exception) -> None:
    """Count the try and set when the next one is due; after MAX_ATTEMPTS the delivery is given up."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FAILURE_SQL,
            {
                "now": timezone.now(),
                "event": event_id,
                "handler": handler,
                "error": scrub_text(f"{type(error).__name__}: {error}")[:4000],
                "first": FIRST_RETRY_SECONDS,
                "longest": MAX_RETRY_SECONDS,
                "most": MAX_ATTEMPTS,
            },
        )


_FAILURE_SQL = """
WITH failure AS (
    INSERT INTO outbox_handlerfailure AS f (event_id, handler, attempts, last_error, failed_at, retry_at)
    VALUES (%(event)s, %(handler)s, 1, %(error)s, %(now)s, %(now)s + %(first)s * interval '1 second')
    ON CONFLICT (event_id, handler) DO UPDATE SET
        attempts = f.attempts + 1, last_error = excluded.last_error, failed_at = %(now)s,
        retry_at = CASE WHEN f.attempts + 1 < %(most)s THEN
            %(now)s + least(%(longest)s, %(first)s * power(2, f.attempts)) * interval '1 second' END
    RETURNING retry_at
)
UPDATE outbox_outboxevent e SET
    next_attempt_at = coalesce(least(e.next_attempt_at, failure.retry_at), %(now)s)
FROM failure WHERE e.id = %(event)s
"""


def _complete(event_ids: Sequence[int]) -> None:
    """Mark the events all of whose handlers have left a receipt."""
    events = OutboxEvent.objects.filter(pk__in=event_ids, completed_at=None).values_list("pk", "name")
    receipts: dict[int, set[str]] = defaultdict(set)
    for event_id, handler in HandlerReceipt.objects.filter(event_id__in=event_ids).values_list("event_id", "handler"):
        receipts[event_id].add(handler)
    done = [pk for pk, name in events if handlers_of(name).keys() <= receipts[pk]]
    if done:
        HandlerFailure.objects.filter(event_id__in=done).delete()  # first: what is completed nobody looks at again
        OutboxEvent.objects.filter(pk__in=done).update(completed_at=timezone.now(), next_attempt_at=None, is_dead=False)

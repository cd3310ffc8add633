from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from core.db import insert_rows
from core.outbox.events import Event
from core.outbox.exceptions import NotInTransaction
from core.outbox.models import HandlerFailure, OutboxEvent
from core.stages import nudge

RELAY = "outbox.relay"
_COLUMNS = ("name", "payload", "occurred_at", "next_attempt_at", "is_dead")


def publish(event: Event) -> None:
    """Tell the subscribers of an event once the current transaction commits.

    Raises NotInTransaction outside one.
    """
    publish_many([event])


def publish_many(events: Iterable[Event]) -> None:
    """publish() for several events with one statement."""
    if not connection.in_atomic_block:
        raise NotInTransaction("publish() needs the transaction of the change that it tells of")
    now = timezone.now()
    rows = [_row(event, now) for event in events]
    if rows:
        insert_rows(OutboxEvent, _COLUMNS, rows)
        nudge(RELAY)


def _row(event: Event, now: datetime) -> tuple[object, ...]:
    return event.name, event.payload(), now, now, False


@transaction.atomic
def retry_events(*, event_ids: Sequence[int]) -> int:
    """Let failed and given-up deliveries of these events start over at once; returns the events."""
    HandlerFailure.objects.filter(event_id__in=event_ids).update(attempts=0, retry_at=timezone.now())
    count = OutboxEvent.objects.filter(pk__in=event_ids, completed_at=None).update(
        next_attempt_at=timezone.now(), is_dead=False
    )
    nudge(RELAY)
    return count

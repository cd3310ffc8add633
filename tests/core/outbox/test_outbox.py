import time
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.models import User
from core.nudging import redis_client
from core.outbox import delivery
from core.outbox.events import Event, EventEnvelope
from core.outbox.exceptions import HandlersFailed, NotInTransaction
from core.outbox.models import HandlerFailure, HandlerReceipt, OutboxEvent
from core.outbox.registry import subscribe, unsubscribe
from core.outbox.services import RELAY, publish, publish_many, retry_events
from core.stages import drain
from tests.core.threads import raise_errors, run_together


@dataclass(frozen=True)
class LampLit(Event):
    name: ClassVar[str] = "test.lamp_lit"
    label: ClassVar[str] = "Lamps lit"
    lamp_ids: list[int]


SEEN: list[EventEnvelope] = []
ERRORS: list[Exception] = []
BEFORE: list[object] = []


def write_user(event: EventEnvelope) -> None:
    """A handler that writes to the database, and may raise afterwards."""
    for call in BEFORE:
        call(event)
    User.objects.create(username=f"lamp{event.payload['lamp_ids'][0]}-{event.id}")
    SEEN.append(event)
    if ERRORS:
        raise ERRORS[0]


def look_on(event: EventEnvelope) -> None:
    """A second handler, which never fails."""


@pytest.fixture
def handlers():
    subscribe("test.lamp_lit")(write_user)
    subscribe("test.lamp_lit")(look_on)
    yield
    for handler in (write_user, look_on):
        unsubscribe(handler)
    for collected in (SEEN, ERRORS, BEFORE):
        collected.clear()


def publish_one(number: int = 1) -> OutboxEvent:
    with transaction.atomic():
        publish(LampLit(lamp_ids=[number]))
    return OutboxEvent.objects.latest("id")


def lamps() -> int:
    return User.objects.filter(username__startswith="lamp").count()


NAME = f"{__name__}.write_user"


def test_publishing_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(NotInTransaction):
        publish(LampLit(lamp_ids=[1]))
    assert not OutboxEvent.objects.exists()


def test_an_event_vanishes_with_its_transaction(transactional_db, handlers):
    with transaction.atomic():
        publish(LampLit(lamp_ids=[1]))
        transaction.set_rollback(True)
    assert drain(only=[RELAY]) == {RELAY: 0}
    assert SEEN == []


def test_every_handler_gets_every_event_once(db, handlers):
    with transaction.atomic():
        publish_many([LampLit(lamp_ids=[1]), LampLit(lamp_ids=[2])])
    drain(only=[RELAY])
    drain(only=[RELAY])
    assert [event.payload for event in SEEN] == [{"lamp_ids": [1]}, {"lamp_ids": [2]}]
    assert SEEN[0].name == "test.lamp_lit"
    assert HandlerReceipt.objects.count() == 4
    assert not OutboxEvent.objects.filter(completed_at=None).exists()


def test_delivering_again_changes_nothing(db, handlers):
    event = publish_one()
    delivery.deliver(NAME, [event.pk])
    delivery.deliver(NAME, [event.pk])
    assert lamps() == 1


def test_an_event_nobody_listens_to_is_completed(db):
    event = publish_one()
    drain(only=[RELAY])
    event.refresh_from_db()
    assert event.completed_at
    assert event.next_attempt_at is None


def test_a_failing_handler_leaves_nothing_behind_and_is_tried_again_later(db, handlers):
    event = publish_one()
    ERRORS.append(ValueError("no bulb"))
    with pytest.raises(HandlersFailed, match="write_user"):
        drain(only=[RELAY])
    assert lamps() == 0
    failure = HandlerFailure.objects.get()
    assert (failure.attempts, failure.last_error) == (1, "ValueError: no bulb")
    assert HandlerReceipt.objects.get().handler.endswith("look_on"), "the other handler isn't held up"
    assert drain(only=[RELAY]) == {RELAY: 0}, "not before its time"

    ERRORS.clear()
    make_due(event)
    drain(only=[RELAY])
    assert lamps() == 1
    assert not HandlerFailure.objects.exists()
    event.refresh_from_db()
    assert event.completed_at


def test_what_is_kept_of_an_error_quotes_no_person(db, handlers):
    publish_one()
    ERRORS.append(ValueError("no\nDETAIL:  Key (phone_e164)=(+8613800138000) already exists."))
    with pytest.raises(HandlersFailed):
        drain(only=[RELAY])
    assert HandlerFailure.objects.get().last_error == "ValueError: no\nDETAIL:  Key (phone_e164)=[hidden]"


def make_due(event: OutboxEvent) -> None:
    past = timezone.now() - timedelta(seconds=1)
    HandlerFailure.objects.filter(event=event, retry_at__isnull=False).update(retry_at=past)
    OutboxEvent.objects.filter(pk=event.pk).update(next_attempt_at=past)


def fail_often(event: OutboxEvent, times: int) -> list[float]:
    """Let the handler fail; returns the pauses in seconds."""
    ERRORS.append(ValueError("no bulb"))
    pauses = []
    for _attempt in range(times):
        make_due(event)
        with pytest.raises(HandlersFailed):
            delivery.relay_inline(10)
        failure = HandlerFailure.objects.get()
        if failure.retry_at:
            pauses.append((failure.retry_at - failure.failed_at).total_seconds())
    return pauses


def test_pauses_grow_until_the_event_is_given_up(db, handlers):
    event = publish_one()
    pauses = fail_often(event, delivery.MAX_ATTEMPTS)
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) <= delivery.MAX_RETRY_SECONDS
    make_due(event)
    drain(only=[RELAY])
    event.refresh_from_db()
    assert event.is_dead
    assert event.next_attempt_at is None
    assert HandlerFailure.objects.get().attempts == delivery.MAX_ATTEMPTS
    make_due(event)
    assert drain(only=[RELAY]) == {RELAY: 1}
    assert HandlerFailure.objects.get().attempts == delivery.MAX_ATTEMPTS, "given up means left alone"


def test_a_person_can_have_a_given_up_event_tried_again(db, handlers):
    event = publish_one()
    fail_often(event, delivery.MAX_ATTEMPTS)
    ERRORS.clear()
    retry_events(event_ids=[event.pk])
    drain(only=[RELAY])
    assert lamps() == 1
    event.refresh_from_db()
    assert not event.is_dead
    assert event.completed_at


def test_a_crash_between_the_handler_s_writes_and_its_receipt_undoes_both(transactional_db, handlers):
    event = publish_one()

    def crash(_event: EventEnvelope) -> None:
        raise SystemExit  # no `except Exception` on the way sees it

    BEFORE.append(lambda event: User.objects.create(username="half-way"))
    BEFORE.append(crash)
    with pytest.raises(SystemExit):
        delivery.deliver(NAME, [event.pk])
    assert not User.objects.filter(username="half-way").exists()
    assert not HandlerReceipt.objects.exists()

    BEFORE.clear()
    delivery.deliver(NAME, [event.pk])
    assert lamps() == 1


@pytest.mark.parametrize("statement", ["SELECT", "DELETE", "UPDATE"])
def test_a_crash_after_the_receipt_leaves_no_failure_that_is_over(transactional_db, handlers, statement):
    """Killed before this statement that completes the event."""
    event = publish_one()
    fail_often(event, 1)
    ERRORS.clear()

    def crash(execute, sql, params, many, context):
        if sql.startswith(statement) and HandlerReceipt._meta.db_table not in sql and lamps_lit:
            raise SystemExit
        return execute(sql, params, many, context)

    lamps_lit: list[int] = []
    BEFORE.append(lambda event: lamps_lit.append(event.id))
    with pytest.raises(SystemExit), connection.execute_wrapper(crash):
        delivery.deliver(NAME, [event.pk])
    OutboxEvent.objects.filter(completed_at=None).update(next_attempt_at=timezone.now())
    drain(only=[RELAY])
    event.refresh_from_db()
    assert event.completed_at
    assert lamps() == 1
    assert not HandlerFailure.objects.exists()


def test_two_workers_with_the_same_delivery_do_it_once(transactional_db, handlers):
    event = publish_one()
    BEFORE.append(lambda event: time.sleep(0.2))  # the second worker arrives meanwhile
    work = lambda: delivery.deliver(NAME, [event.pk])  # noqa: E731
    assert raise_errors(run_together(work, work)) == [True, True]
    assert lamps() == 1


def test_two_relays_share_the_events(transactional_db, handlers):
    with transaction.atomic():
        publish_many([LampLit(lamp_ids=[number]) for number in range(40)])
    work = lambda: drain(only=[RELAY])[RELAY]  # noqa: E731
    counts = raise_errors(run_together(work, work))
    assert sum(counts) == 40
    assert lamps() == 40
    assert not OutboxEvent.objects.filter(completed_at=None).exists()


def test_lost_messages_are_sent_again(transactional_db, handlers):
    client = redis_client()
    client.flushdb()
    event = publish_one()
    assert delivery.relay(100) == 1
    assert client.llen("ecom:celery") == 3  # the nudge, and one task for each handler
    client.flushdb()  # Redis loses everything
    assert delivery.relay(100) == 0, "not before a minute has passed"
    OutboxEvent.objects.update(next_attempt_at=timezone.now())
    assert delivery.relay(100) == 1
    assert client.llen("ecom:celery") == 2
    delivery.deliver(NAME, [event.pk])
    client.flushdb()
    OutboxEvent.objects.update(next_attempt_at=timezone.now())
    delivery.relay(100)
    assert client.llen("ecom:celery") == 1, "the handler with a receipt isn't asked again"
    client.flushdb()


def test_many_events_travel_in_few_messages(transactional_db, handlers):
    client = redis_client()
    with transaction.atomic():
        publish_many([LampLit(lamp_ids=[number]) for number in range(120)])
    client.flushdb()
    assert delivery.relay(500) == 120
    assert client.llen("ecom:celery") == 6  # 50 + 50 + 20 for each of two handlers
    client.flushdb()


def test_relaying_costs_the_same_for_one_and_for_fifty(db, handlers):
    def count(events: int) -> int:
        with transaction.atomic():
            publish_many([LampLit(lamp_ids=[n]) for n in range(events)])
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            delivery._claim_deliveries(500)
        OutboxEvent.objects.all().delete()
        return len(captured)

    assert count(1) == count(50)


def test_completed_events_are_purged_after_two_weeks(db, handlers):
    old, new = publish_one(1), publish_one(2)
    drain(only=[RELAY])
    OutboxEvent.objects.filter(pk=old.pk).update(completed_at=timezone.now() - timedelta(days=15))
    assert drain(only=["outbox.purge"]) == {"outbox.purge": 1}
    assert list(OutboxEvent.objects.all()) == [new]
    assert HandlerReceipt.objects.count() == 2

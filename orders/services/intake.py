"""The door: every order of every channel comes in here, in batches, exactly once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError
from core.late import writing_late
from core.outbox.services import publish
from core.stages import nudge
from orders.channels import canonical_payload
from orders.codes import VALIDATE
from orders.enums import IntakeOutcome, IntakeSource
from orders.events import OrdersReceived
from orders.locks import lock_orders
from orders.models import Channel, IntakeMessage
from orders.schema import FieldError
from orders.selectors.intake import KnownOrder, known_orders
from orders.services.intake_entries import (
    Entry,
    IntakeResult,
    by_order,
    defaults_of,
    mark,
    newest,
    prepare,
)
from orders.services.intake_write import create_orders, keep_messages, note_newer_versions
from orders.services.revise import Change, apply_updates

__all__ = ["IntakeResult", "receive", "receive_prepared", "replay_message"]

MAX_BATCH = 500


def receive(
    channel: Channel,
    payloads: Sequence[Any],
    *,
    source: IntakeSource,
    actor: Actor,
    received_at: datetime,
    keep_raw: bool = True,
    raws: Sequence[Any] | None = None,
    request_ids: Sequence[str] | None = None,
) -> list[IntakeResult]:
    """Take orders of a channel; returns a result for each payload, in order.

    `payloads` are canonical orders as parsed JSON (docs/guide/add-a-channel.md), or lists of FieldErrors for
    messages that couldn't be mapped. `raws`, where given, are the messages as the channel sent them; they are
    kept instead of the payloads. `request_ids`, where given, are the requests that brought them, for the audit trail.

    One transaction and the same number of statements for 1 payload and for 500. An order is known by
    (channel, external id): the same content again is a duplicate, other content an update. Two calls that
    bring the same order at once make one order. Raises DomainError for an inactive channel.
    """
    entries = prepare(payloads, raws, defaults=defaults_of(channel), keep_raw=keep_raw)
    for entry, request_id in zip(entries, request_ids or (), strict=False):
        entry.request_id = request_id
    return receive_prepared(channel, entries, source=source, actor=actor, received_at=received_at, replace_raw=keep_raw)


def receive_prepared(
    channel: Channel,
    entries: Sequence[Entry],
    *,
    source: IntakeSource,
    actor: Actor,
    received_at: datetime,
    replace_raw: bool = True,
    catch_up: Callable[[], bool] = lambda: False,
) -> list[IntakeResult]:
    """receive() for messages that prepare() has read, which needs no database and can go on before its turn.

    `catch_up` is called before anything is decided by what the caller's batch before may still be writing, and before
    others might wait for what is written: until then two batches may go on beside each other. It returns whether
    there is a batch before, and may be called again.
    """
    if not channel.is_active:
        raise DomainError(_("This channel is switched off."), "channel_inactive")
    if not entries:
        return []
    with transaction.atomic(), writing_late():
        _take(channel, by_order(entries), actor=actor, at=received_at, catch_up=catch_up)
        keep_messages(channel, entries, source=source, actor=actor, at=received_at, replace_raw=replace_raw)
    return [entry.result() for entry in entries]


def replay_message(*, message_id: int, actor: Actor) -> IntakeResult:
    """Take a kept message once more, after what it was refused for has been put right.

    The same as the channel sending it again: nothing is doubled.
    """
    message = IntakeMessage.objects.select_related("channel").get(pk=message_id)
    (result,) = receive(
        message.channel,
        [canonical_payload(message.source, message.raw)],
        source=IntakeSource(message.source),
        actor=actor,
        received_at=timezone.now(),
        raws=[message.raw],
    )
    return result


def _take(
    channel: Channel,
    groups: dict[str, list[Entry]],
    *,
    actor: Actor,
    at: datetime,
    catch_up: Callable[[], bool],
) -> None:
    if not groups:
        catch_up()  # messages that are no orders are kept
        return
    known, reserved_ids = known_orders(channel.pk, groups)
    fresh = [newest(groups[external_id]) for external_id in sorted(groups) if external_id not in known]
    written = create_orders(channel, fresh, reserved_ids, actor=actor, at=at, catch_up=catch_up)
    has_one_before = catch_up()  # where none is new, for the first time
    for external_id, (order_id, number) in written.items():
        mark(groups[external_id], IntakeOutcome.ACCEPTED, "", order_id=order_id, number=number)
    lost = [entry.external_id for entry in fresh if entry.external_id not in written]
    # Another call wrote the lost ones just now; it has committed, so they can be seen. The batch before may have
    # changed those that were known.
    if again := [*lost, *known] if has_one_before else lost:
        known |= known_orders(channel.pk, again)[0]
    _take_known(channel, groups, known, actor=actor, at=at)
    if written:
        publish(OrdersReceived(order_ids=sorted(order_id for order_id, _number in written.values())))
        nudge(VALIDATE)


def _take_known(
    channel: Channel,
    groups: dict[str, list[Entry]],
    known: dict[str, KnownOrder],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    known = _read_again(groups, known)
    changes: dict[int, Change] = {}
    newer: dict[int, datetime] = {}
    for external_id, order in known.items():
        group = groups[external_id]
        mark(group, None, order.content, order_id=order.id, number=order.number)
        latest = newest(group)
        sent_at = latest.canonical.updated_at
        if sent_at and order.updated_at and sent_at < order.updated_at:
            _mark_outdated(group)
        elif latest.content != order.content:
            changes[order.id] = Change(order.id, latest.canonical, latest.content, latest.request_id)
        elif sent_at and sent_at != order.updated_at:
            newer[order.id] = sent_at
    note_newer_versions(newer)
    late = apply_updates(list(changes.values()), channel=channel, actor=actor, at=at)
    for group in groups.values():
        for entry in group:
            if entry.order_id in late and entry.outcome == IntakeOutcome.UPDATED:
                entry.errors = [FieldError("", late[entry.order_id]).as_json()]


def _read_again(groups: dict[str, list[Entry]], known: dict[str, KnownOrder]) -> dict[str, KnownOrder]:
    """Orders with news as they are under their locks: another call may have brought a version just now."""
    news = [order.id for external_id, order in known.items() if _brings_news(newest(groups[external_id]), order)]
    if not news:
        return known
    locked = {
        row.external_id: KnownOrder(row.pk, row.number, row.payload_sha256, row.channel_updated_at)
        for row in lock_orders(news)
    }
    return known | locked


def _brings_news(latest: Entry, order: KnownOrder) -> bool:
    sent_at = latest.canonical.updated_at
    return latest.content != order.content or (sent_at is not None and sent_at != order.updated_at)


def _mark_outdated(group: Sequence[Entry]) -> None:
    for entry in group:
        if entry.outcome == IntakeOutcome.UPDATED:
            entry.outcome = IntakeOutcome.DUPLICATE
            entry.errors = [FieldError("updated_at", "outdated").as_json()]

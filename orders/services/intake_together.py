"""Requests that arrive at the same time go through the door together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils import timezone

from core.actor import Actor
from core.batching import Batcher
from core.context import current_request_id
from orders.enums import IntakeSource
from orders.models import Channel
from orders.services.intake import MAX_BATCH, IntakeResult, receive

GATHER_SECONDS = 0.008


@dataclass(frozen=True, slots=True)
class _Sender:
    channel: Channel
    source: IntakeSource
    actor: Actor


@dataclass(frozen=True, slots=True)
class _Delivery:
    payload: Any
    raw: Any
    request_id: str


def receive_together(
    channel: Channel, payloads: Sequence[Any], *, source: IntakeSource, actor: Actor, raws: Sequence[Any] | None = None
) -> list[IntakeResult]:
    """receive() for a request: with those of the same sender that wait in this process at this moment.

    One transaction for all of them costs little more than one for each would, and nobody waits for company. The
    results come after the commit, as they do from receive(); the arguments are the same.
    """
    request_id = current_request_id()
    deliveries = [
        _Delivery(payload, raw, request_id)
        for payload, raw in zip(payloads, payloads if raws is None else raws, strict=True)
    ]
    sender = _Sender(channel, source, actor)
    # What others brought must not hang on a transaction of the caller's.
    alone = connection.in_atomic_block
    results = _receive(sender, deliveries) if alone else _door.submit(sender, deliveries)
    return [replace(result, index=index) for index, result in enumerate(results)]


def _receive(sender: _Sender, deliveries: Sequence[_Delivery]) -> list[IntakeResult]:
    return receive(
        sender.channel,
        [delivery.payload for delivery in deliveries],
        source=sender.source,
        actor=sender.actor,
        received_at=timezone.now(),
        raws=[delivery.raw for delivery in deliveries],
        request_ids=[delivery.request_id for delivery in deliveries],
    )


_door: Batcher[_Sender, _Delivery, IntakeResult] = Batcher(_receive, limit=MAX_BATCH, gather_seconds=GATHER_SECONDS)

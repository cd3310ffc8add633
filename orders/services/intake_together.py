"""Requests that arrive at the same time go through the door together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone

from core.actor import Actor
from core.batching import Batcher
from core.connections import warm_connection
from core.context import current_request_id
from orders.enums import IntakeSource
from orders.models import Channel
from orders.services.intake import MAX_BATCH, IntakeResult, receive

GATHER_SECONDS = 0.008
_Key = tuple[IntakeSource, Hashable]


class Sender(Protocol):
    """Who brings orders. Those of the same `identity` may be taken together."""

    @property
    def identity(self) -> Hashable: ...

    def identify(self) -> tuple[Channel, Actor]:
        """The channel and the author of the requests, asked for once they are all there. Raises to refuse them."""


@dataclass(frozen=True, slots=True)
class KnownSender:
    """A sender that has been identified already."""

    channel: Channel
    actor: Actor

    @property
    def identity(self) -> Hashable:
        return self.channel.pk, self.actor

    def identify(self) -> tuple[Channel, Actor]:
        return self.channel, self.actor


@dataclass(frozen=True, slots=True)
class _Delivery:
    sender: Sender
    payload: Any
    raw: Any
    request_id: str


def receive_together(
    sender: Sender, payloads: Sequence[Any], *, source: IntakeSource, raws: Sequence[Any] | None = None
) -> list[IntakeResult]:
    """receive() for a request: with those of the same sender that wait in this process at this moment.

    One transaction for all of them costs little more than one for each would, and nobody waits for company. The
    results come after the commit, as they do from receive(); `payloads` and `raws` are the same. Raises what
    receive() and the sender's identify() raise.
    """
    request_id = current_request_id()
    deliveries = [
        _Delivery(sender, payload, raw, request_id)
        for payload, raw in zip(payloads, payloads if raws is None else raws, strict=True)
    ]
    key = (source, sender.identity)
    # What others brought must not hang on a transaction of the caller's.
    alone = connection.in_atomic_block
    results = _receive(key, deliveries) if alone else _door.submit(key, deliveries)
    return [replace(result, index=index) for index, result in enumerate(results)]


def _receive(key: _Key, deliveries: Sequence[_Delivery]) -> list[IntakeResult]:
    source, _identity = key
    channel, actor = deliveries[0].sender.identify()
    return receive(
        channel,
        [delivery.payload for delivery in deliveries],
        source=source,
        actor=actor,
        received_at=timezone.now(),
        raws=[delivery.raw for delivery in deliveries],
        request_ids=[delivery.request_id for delivery in deliveries],
    )


def _receive_warm(key: _Key, deliveries: Sequence[_Delivery]) -> list[IntakeResult]:
    """_receive() for whichever thread's turn it is."""
    with warm_connection():
        return _receive(key, deliveries)


_door: Batcher[_Key, _Delivery, IntakeResult] = Batcher(_receive_warm, limit=MAX_BATCH, gather_seconds=GATHER_SECONDS)

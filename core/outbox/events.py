"""The base of all events, and what a handler is given."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened. Subclasses are dataclasses of ids and primitives, for batches:

    @dataclass(frozen=True)
    class OrdersReleased(Event):
        name: ClassVar[str] = "orders.released"
        fulfilment_ids: list[int]
    """

    name: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """An event as a handler receives it."""

    id: int
    name: str
    payload: dict[str, Any]
    occurred_at: datetime

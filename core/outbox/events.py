"""The base of all events, and what a handler is given."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.functional import Promise

Text = str | Promise

_labels: dict[str, Text] = {}


@dataclass(frozen=True)
class Event:
    """Something that happened. Subclasses are dataclasses of ids and primitives, for batches:

    @dataclass(frozen=True)
    class OrdersReleased(Event):
        name: ClassVar[str] = "orders.released"
        label: ClassVar[Text] = _("Orders released")
        fulfilment_ids: list[int]

    `name` is stored with the event, `label` is what people read.
    """

    name: ClassVar[str]
    label: ClassVar[Text]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _labels[cls.name] = cls.label

    def payload(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """An event as a handler receives it."""

    id: int
    name: str
    payload: dict[str, Any]
    occurred_at: datetime


def event_names() -> dict[str, Text]:
    """What every event is called, by its name."""
    return dict(_labels)


def event_words(name: str) -> Text:
    """What an event is called; one that the program no longer knows, by its name."""
    return _labels.get(name, name)

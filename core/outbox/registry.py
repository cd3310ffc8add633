"""Who listens to what."""

from collections.abc import Callable
from typing import TypeVar

from core.outbox.events import EventEnvelope

Handler = Callable[[EventEnvelope], None]
H = TypeVar("H", bound=Handler)

_handlers: dict[str, dict[str, Handler]] = {}


def subscribe(*event_names: str) -> Callable[[H], H]:
    """Have a function called for every event of these names, once each, in a transaction of its own.

    The handler is known as "app.module.function"; renaming it makes it a new handler.
    """

    def register(handler: H) -> H:
        name = f"{handler.__module__}.{handler.__qualname__}"
        for event_name in event_names:
            _handlers.setdefault(event_name, {})[name] = handler
        return handler

    return register


def unsubscribe(handler: Handler) -> None:
    """Forget a handler; for tests that subscribe one."""
    name = f"{handler.__module__}.{handler.__qualname__}"
    for handlers in _handlers.values():
        handlers.pop(name, None)


def handlers_of(event_name: str) -> dict[str, Handler]:
    """The handlers of an event by name."""
    return _handlers.get(event_name, {})


def handler_named(name: str) -> Handler | None:
    return next((handlers[name] for handlers in _handlers.values() if name in handlers), None)

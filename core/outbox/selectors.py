from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from core.outbox.models import HandlerFailure, OutboxEvent

CAP = 10_000


@dataclass(frozen=True, slots=True)
class OutboxState:
    """Events whose delivery is due, since when the oldest is, and those given up; counted up to a cap."""

    waiting: int
    oldest_at: datetime | None
    dead: int


def outbox_state() -> OutboxState:
    """How the outbox is doing."""
    due = OutboxEvent.objects.filter(next_attempt_at__lte=timezone.now()).order_by("next_attempt_at")
    instants = list(due.values_list("next_attempt_at", flat=True)[:CAP])
    dead = len(OutboxEvent.objects.filter(is_dead=True).order_by("pk").values_list("pk")[:CAP])
    return OutboxState(len(instants), instants[0] if instants else None, dead)


def failed_deliveries(limit: int) -> list[HandlerFailure]:
    """Deliveries that failed and aren't through yet, the given-up ones first, then the newest."""
    failures = HandlerFailure.objects.select_related("event")
    return list(failures.order_by("-event__is_dead", "-failed_at")[:limit])


def dead_event_ids(limit: int = CAP) -> list[int]:
    """Events with a delivery that was given up."""
    return list(OutboxEvent.objects.filter(is_dead=True).order_by("pk").values_list("pk", flat=True)[:limit])

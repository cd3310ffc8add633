"""What a parcel's events say about its state, in whatever order they arrive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logistics.enums import ShipmentStatus

S = ShipmentStatus

# How far along a status is: decides between events with the same instant (carriers write whole seconds).
_RANK = {
    S.PENDING: 0,
    S.LABEL_CREATED: 1,
    S.PICKED_UP: 2,
    S.IN_TRANSIT: 3,
    S.DELAYED: 4,
    S.EXCEPTION: 5,
    S.OUT_FOR_DELIVERY: 6,
    S.ATTEMPT_FAILED: 7,
    S.AVAILABLE_FOR_PICKUP: 8,
    S.RETURNING: 9,
    S.EXPIRED: 10,
    S.LOST: 11,
    S.CANCELLED: 12,
    S.RETURNED: 13,
    S.DELIVERED: 14,
}

# A lost or given-up parcel may turn up; what was delivered, returned or cancelled stays so.
_MAY_STILL_END = {S.LOST: {S.DELIVERED, S.RETURNED}, S.EXPIRED: {S.DELIVERED, S.RETURNED}}


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of an event that matters for the state."""

    occurred_at: datetime
    status: ShipmentStatus


def rank(status: str) -> int:
    """0 for an event that moves no state."""
    return _RANK[ShipmentStatus(status)] if status else 0


def settle(current: ShipmentStatus, events: Iterable[Seen]) -> ShipmentStatus:
    """The state of a parcel in state `current` of which `events` are known (all of them, in any order).

    A final event decides, whenever it came; otherwise the latest one does. A carrier that says "label created"
    about a parcel that we have handed over doesn't take it back.
    """
    if current in ShipmentStatus.TERMINAL and current not in _MAY_STILL_END:
        return current
    known = sorted(events, key=lambda event: (event.occurred_at, rank(event.status)))
    final = [event.status for event in known if event.status in ShipmentStatus.TERMINAL]
    if current in _MAY_STILL_END:
        ends = [status for status in final if status in _MAY_STILL_END[current]]
        return ends[-1] if ends else current
    if final:
        return max(final, key=rank)
    if not known:
        return current
    latest = known[-1].status
    if latest in (S.PENDING, S.LABEL_CREATED) and current in ShipmentStatus.MOVING:
        return current
    return latest

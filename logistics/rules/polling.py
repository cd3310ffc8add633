"""When a parcel is asked about again."""

from datetime import timedelta

from logistics.enums import ShipmentStatus

S = ShipmentStatus

#: Between two checks of a parcel that moves as it should; kuaidi100 wants at least half an hour.
_INTERVAL = {
    S.LABEL_CREATED: timedelta(hours=2),
    S.PICKED_UP: timedelta(hours=3),
    S.IN_TRANSIT: timedelta(hours=4),
    S.OUT_FOR_DELIVERY: timedelta(minutes=30),
    S.ATTEMPT_FAILED: timedelta(hours=2),
    S.AVAILABLE_FOR_PICKUP: timedelta(hours=6),
    S.DELAYED: timedelta(hours=4),
    S.EXCEPTION: timedelta(hours=2),
    S.RETURNING: timedelta(hours=8),
}
# A carrier that pushes is only asked to find out that a push got lost.
_PUSHED_FACTOR = 3
_LONGEST = timedelta(hours=24)
_SHORTEST = timedelta(seconds=2)
_BACKOFF_BASE = timedelta(minutes=2)
_BACKOFF_LONGEST = timedelta(hours=6)

#: A parcel about which nothing was heard for so long isn't asked about any more.
GIVE_UP_AFTER = timedelta(days=60)


def next_interval(
    *, status: str, quiet_for: timedelta, pushes: bool, time_scale: int, jitter: float
) -> timedelta | None:
    """How long until the next check; None when there is nothing more to learn.

    `quiet_for` is the time since the last event (or hand-over) by the wall clock, `jitter` a number in [0, 1)
    that spreads checks by ± 10 %. A parcel that has been quiet for long is asked about less often, up to once
    a day.
    """
    state = ShipmentStatus(status)
    if state in ShipmentStatus.TERMINAL or state == S.PENDING:
        return None
    quiet = quiet_for * time_scale
    if quiet > GIVE_UP_AFTER:
        return None
    interval = _INTERVAL[state] * (_PUSHED_FACTOR if pushes else 1)
    interval *= 1 + quiet / timedelta(days=3)
    return max(min(interval, _LONGEST) * (0.9 + 0.2 * jitter) / time_scale, _SHORTEST)


def retry_after_failure(*, failures: int, time_scale: int, jitter: float) -> timedelta:
    """How long to wait after the `failures`-th failed check in a row: doubling, with full jitter in its upper
    half, at most six hours."""
    doublings: int = 2 ** min(failures - 1, 12)
    wait = min(_BACKOFF_BASE * doublings, _BACKOFF_LONGEST)
    return max(wait * (0.5 + 0.5 * jitter) / time_scale, _SHORTEST)


def quiet_limit(status: str) -> timedelta:
    """After how long without an event a parcel in this state counts as not moving."""
    match ShipmentStatus(status):
        case S.OUT_FOR_DELIVERY | S.ATTEMPT_FAILED:
            return timedelta(days=2)
        case S.AVAILABLE_FOR_PICKUP:
            return timedelta(days=5)
        case S.RETURNING:
            return timedelta(days=7)
    return timedelta(days=3)

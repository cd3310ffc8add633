"""The circuit breaker of a carrier: after several failures in a row, leave it alone for a while."""

from datetime import timedelta

OPENS_AFTER = 5
_BASE = timedelta(seconds=30)
_LONGEST = timedelta(minutes=10)


def pause_after(failures: int) -> timedelta | None:
    """How long the carrier is left alone after `failures` in a row; None below the threshold.

    When the pause ends one call goes through as a probe: its success closes the circuit, its failure, being
    one more in a row, opens it for twice as long.
    """
    if failures < OPENS_AFTER:
        return None
    # Parallel calls fail together: only whole rounds of the threshold lengthen the pause.
    doublings: int = 2 ** min(failures // OPENS_AFTER - 1, 10)
    return min(_BASE * doublings, _LONGEST)

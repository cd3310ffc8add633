"""Waiting for what another thread or process does: for its state, never for a length of time."""

import time
from collections.abc import Callable

import pytest

LONGEST_SECONDS = 60.0
PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], object],
    explain: Callable[[], object] = lambda: "it never happened",
    *,
    seconds: float = LONGEST_SECONDS,
    pause: float = PAUSE_SECONDS,
) -> None:
    """Return once `condition()` is true; fail with what `explain()` says where it isn't after `seconds`.

    The limit ends a test that hangs. It is generous, because a machine may be busy with other tests.
    """
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            pytest.fail(f"waited {seconds:.0f} s in vain: {explain()}")
        time.sleep(pause)

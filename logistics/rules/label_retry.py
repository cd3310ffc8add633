"""When a failed label is tried again."""

from datetime import timedelta

#: After so many attempts a person is asked; the carrier isn't called any more until somebody says so.
MAX_ATTEMPTS = 6
_BASE = timedelta(seconds=30)
_LONGEST = timedelta(minutes=30)


def retry_label_after(*, attempts: int, jitter: float) -> timedelta | None:
    """How long until the next attempt after `attempts` of them failed; None when it is a person's turn."""
    if attempts >= MAX_ATTEMPTS:
        return None
    doublings: int = 2 ** (attempts - 1)
    return min(_BASE * doublings, _LONGEST) * (0.5 + 0.5 * jitter)

import random
from types import SimpleNamespace

import pytest


@pytest.fixture
def same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses are counted by the minute: one that begins during a test would let more through."""
    at = random.uniform(1e9, 2e9)  # Redis remembers the tests before
    monkeypatch.setattr("core.rate_limit.time", SimpleNamespace(time=lambda: at))

import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses are counted by the minute: one that begins during a test would let more through."""
    at = random.uniform(1e9, 2e9)  # Redis remembers the tests before
    monkeypatch.setattr("core.rate_limit.time", SimpleNamespace(time=lambda: at))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_file(text: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write_file

from collections.abc import Iterator

import pytest

from core import metering, readiness
from core.nudging import breaker, redis_client


@pytest.fixture(autouse=True)
def fresh_state(services: None) -> Iterator[None]:
    """Nothing counted, kept or heard of before, and no circuit left open behind."""
    breaker.reset()
    metering.flush()
    redis_client().flushdb()
    readiness.forget()
    yield
    redis_client.cache_clear()
    breaker.reset()
    readiness.forget()

"""What every test has: PostgreSQL and Redis of the tests' own, started when needed and stopped at the end."""

import os
from collections.abc import Iterator
from importlib import import_module

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import translation

from core import stages
from core.connections import IDLE
from core.nudging import breaker
from ecom_admin import embedded
from ecom_admin.messages import compile_stale

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the catalogues, as a start of the product does; once, not in each process of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        compile_stale(settings.LOCALE_PATHS[0])


def pytest_sessionstart() -> None:
    """Import every page, as each process of the product does: lists are known by then."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture(scope="session")
def services() -> Iterator[None]:
    """The embedded servers, shared by the workers of pytest-xdist."""
    with embedded.running(settings.DATA_DIR):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the servers before pytest-django makes the test database."""


@pytest.fixture(autouse=True)
def empty_cache(services: None) -> None:
    """Counters, locks, cached pages, a broken line to Redis and a language of the test before don't reach this one."""
    cache.clear()
    breaker.reset()
    translation.deactivate()  # a request leaves its language behind


@pytest.fixture(autouse=True)
def no_warm_connection() -> Iterator[None]:
    """The test database can't be dropped while somebody is connected to it."""
    yield
    while IDLE:
        IDLE.pop().close()


@pytest.fixture(autouse=True)
def nudges_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's nudges are sent when it commits, not by a thread while the next one runs."""
    monkeypatch.setattr(stages._courier, "bring", stages._send_nudges)


@pytest.fixture
def child_environment(db: None) -> dict[str, str]:
    """Environment of a process that a test starts: same settings, same database, same Redis."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ECOM_TEST_DATABASE": settings.DATABASES["default"]["NAME"],
    }

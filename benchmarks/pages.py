"""Console pages as a signed-in person gets them, through every middleware but without the network."""

import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from django.db import connection
from django.test import Client

from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.services import create_user
from core.actor import SYSTEM
from ecom_admin.gunicorn import when_ready

WARM_UP = 5


@dataclass(frozen=True, slots=True)
class PageTimes:
    """Milliseconds of many requests of one page: by the wall clock and of this process's CPU."""

    wall: list[float]
    cpu: list[float]

    @property
    def p95(self) -> float:
        return quantiles(self.wall, n=20)[18]

    @property
    def median(self) -> float:
        return median(self.wall)

    @property
    def median_cpu(self) -> float:
        return median(self.cpu)


def signed_in() -> Client:
    """A client of an operations manager, who may see everything on these pages.

    What the process has loaded is kept out of garbage collections, as gunicorn does for its workers.
    """
    when_ready(None)
    name = "benchmark"
    user = User.objects.filter(username=name).first() or create_user(
        username=name, password=None, roles=[Role.OPERATIONS_MANAGER], actor=SYSTEM
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="core.accounts.backends.RoleBackend")
    return client


def time_page(client: Client, path: str, requests: int) -> PageTimes:
    """Ask for a page `requests` times. Raises RuntimeError for any answer but 200."""
    for _ in range(WARM_UP):
        _get(client, path)
    times = PageTimes([], [])
    for _ in range(requests):
        wall, cpu = time.perf_counter(), time.process_time()
        _get(client, path)
        times.wall.append(1000 * (time.perf_counter() - wall))
        times.cpu.append(1000 * (time.process_time() - cpu))
    return times


def count_queries(client: Client, path: str) -> int:
    """Statements of one request, those of session and sign-in included."""
    statements: list[str] = []

    def note(execute: Any, sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        _get(client, path)
    return len(statements)


def _get(client: Client, path: str) -> None:
    response = client.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}")

"""Connections that stay open are spread over the web processes."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.processes import free_port, wait_for_port
from ecom_admin.gunicorn import worker_class
from ecom_admin.web_worker import FairThreadWorker

CLIENTS = 8
ROUNDS = 15


def application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells which process answers, after a moment's work."""
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "--threads", "8", "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "-k", worker_class, "--no-control-socket", f"{__name__}:application"],
        cwd=Path(__file__).parents[2],
    )
    wait_for_port(port, process)
    yield port
    process.terminate()
    process.wait(60)


def smaller_share(port: int) -> int:
    """Of the connections of a burst, each of which asks at once."""
    connections = [HTTPConnection("127.0.0.1", port, timeout=60) for _number in range(CLIENTS)]
    first, second = ask(connections), ask(connections)
    assert first == second, "they stay where they are"
    for connection in connections:
        connection.close()
    return min(Counter(first).values()) if len(set(first)) > 1 else 0


def ask(connections: list[HTTPConnection]) -> list[bytes]:
    for connection in connections:
        connection.request("GET", "/")
    return [connection.getresponse().read() for connection in connections]


def test_a_burst_of_connections_is_shared_out(port: int) -> None:
    assert median(smaller_share(port) for _round in range(ROUNDS)) > CLIENTS // 4


class Settings:
    def __init__(self, workers: int) -> None:
        self.workers = workers


@pytest.mark.parametrize(
    ("workers", "connections", "hesitates"), [(2, 0, []), (2, 3, [0.0006]), (2, 500, [0.002]), (1, 3, [])]
)
def test_who_has_more_hesitates_longer(
    workers: int, connections: int, hesitates: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("ecom_admin.web_worker.time.sleep", slept.append)
    worker = FairThreadWorker.__new__(FairThreadWorker)
    worker.cfg, worker.nr_conns = Settings(workers), connections
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        worker.accept(listener)  # nobody is there, as where another worker was faster
    assert slept == pytest.approx(hesitates)

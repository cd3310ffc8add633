"""Connections that stay open are spread over the web processes, and those that say nothing hold no thread."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from socket import SO_SNDBUF, SOL_SOCKET, create_connection, socketpair
from statistics import median
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.processes import free_port, wait_for_port
from core.postgres.base import DatabaseWrapper
from ecom_admin import web_worker
from ecom_admin.gunicorn import post_fork, pre_fork, worker_class
from ecom_admin.web_worker import ClientSocket, FairThreadWorker

CLIENTS = 8
ROUNDS = 15
LONG = bytes(32 << 20)
# The settings that the product is run with.
REAL = ("-c", "ecom_admin/gunicorn.py", f"{__name__}:telling_application")


def application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells which process answers, after a moment's work."""
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def telling_application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells which process answers, and the processors that it may use."""
    body = " ".join(map(str, [os.getpid(), *sorted(os.sched_getaffinity(0))])).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def limited_application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tells whether the process's statements come to an end."""
    body = str(DatabaseWrapper.answers_requests).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class HastyWorker(FairThreadWorker):
    """Waits for nobody as long as the real one does."""

    def init_process(self) -> None:
        web_worker.PATIENCE_SECONDS = 0.5
        super().init_process()


def wasteful_application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Reads what is sent and answers with more than a connection holds."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(LONG)))])
    return [LONG]


@contextmanager
def serving(workers: int, threads: int, kind: str, name: str) -> Iterator[int]:
    options = ["--threads", str(threads), "-k", kind, "--no-control-socket"]
    with gunicorn(workers, *options, f"{__name__}:{name}") as port:
        yield port


@contextmanager
def gunicorn(workers: int, *options: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", str(workers), "-b", f"127.0.0.1:{port}", *options]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    try:
        wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def port() -> Iterator[int]:
    with serving(2, 8, worker_class, "application") as port:
        yield port


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


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["head", "body", "unread answer"],
)
def test_who_falls_silent_holds_no_thread(begun: bytes) -> None:
    with serving(1, 2, f"{__name__}.HastyWorker", "wasteful_application") as port:
        silent = [create_connection(("127.0.0.1", port)) for _number in range(4)]
        for client in silent:
            client.sendall(begun)
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert len(connection.getresponse().read()) == len(LONG)
        connection.close()
        for client in silent:
            client.close()


def test_a_slow_line_that_gets_on_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways together take several times as long as a client may be silent."""
    monkeypatch.setattr(web_worker, "PATIENCE_SECONDS", 0.4)
    ours, client = socketpair()
    ours.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)
    server = ClientSocket(fileno=ours.detach())
    server.setblocking(True)
    body, answer = b"b" * 10, bytes(range(256)) * 200
    got: list[bytes] = []

    def use_slowly() -> None:
        for place in range(len(body)):
            time.sleep(0.1)
            client.sendall(body[place : place + 1])
        while sum(map(len, got)) < len(answer):
            time.sleep(0.02)
            got.append(client.recv(1024))

    with server, client:
        thread = Thread(target=use_slowly)
        thread.start()
        received = b""
        while len(received) < len(body):
            received += server.recv(100)
        began = time.monotonic()
        server.sendall(answer)
        assert time.monotonic() - began > 0.6, "longer than one may be silent"
        thread.join()
    assert (received, b"".join(got)) == (body, answer)


def processors_of_workers(port: int, number: int, *gone: int) -> dict[int, list[int]]:
    """The processors that each of `number` web processes may use, once every one of them has answered."""
    found: dict[int, list[int]] = {}
    give_up_at = time.monotonic() + 60
    while len(found) < number:
        assert time.monotonic() < give_up_at, f"{found} of {number} answer"
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            pid, *processors = map(int, ask([connection])[0].split())
        if pid not in gone:
            found[pid] = processors
    return found


def usable_processors() -> list[int]:
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(usable) < 2:
        pytest.skip("there is nothing to choose from")
    return usable


def test_each_of_as_many_workers_as_processors_keeps_to_one() -> None:
    usable = usable_processors()
    with gunicorn(len(usable), *REAL) as port:
        first = processors_of_workers(port, len(usable))
        assert sorted(first.values()) == [[processor] for processor in usable]
        killed = next(iter(first))
        os.kill(killed, signal.SIGKILL)
        second = processors_of_workers(port, len(usable), killed)
        assert sorted(second.values()) == [[processor] for processor in usable], "its heir has its processor"


def test_more_workers_than_processors_go_where_there_is_room() -> None:
    usable = usable_processors()
    with gunicorn(len(usable) + 1, *REAL) as port:
        assert set(map(tuple, processors_of_workers(port, len(usable) + 1).values())) == {tuple(usable)}


@dataclass
class Worker:
    """What gunicorn's master knows of a worker."""

    age: int
    processor: int | None = None


@dataclass
class Master:
    """Adds and ends workers as gunicorn's master does: too many are ended from the oldest on."""

    num_workers: int = 0
    WORKERS: dict[int, Worker] = field(default_factory=dict)
    born: int = 0

    def spawn(self) -> None:
        self.born += 1
        worker = Worker(self.born)
        pre_fork(self, worker)
        self.WORKERS[worker.age] = worker

    def manage(self) -> None:
        while len(self.WORKERS) < self.num_workers:
            self.spawn()
        while len(self.WORKERS) > self.num_workers:
            del self.WORKERS[min(self.WORKERS)]

    def resize(self, number: int) -> None:
        self.num_workers = number
        self.manage()

    def reload(self) -> None:
        for _worker in range(self.num_workers):
            self.spawn()
        self.manage()

    def processors(self) -> list[int | None]:
        return sorted(worker.processor for worker in self.WORKERS.values())  # type: ignore[type-var]


@pytest.mark.parametrize("usable", [[0], [0, 1], [2, 3, 5, 7]])
def test_a_reload_leaves_each_worker_a_processor_of_its_own(monkeypatch: pytest.MonkeyPatch, usable: list[int]) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(usable), raising=False)
    master = Master()
    master.resize(len(usable))
    assert master.processors() == usable
    master.resize(len(usable) + 1)
    master.resize(len(usable))
    master.reload()
    assert master.processors() == usable, "whatever those had that went"
    del master.WORKERS[max(master.WORKERS)]
    master.manage()
    assert master.processors() == usable


def test_a_system_that_binds_nothing_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _processors: set[int]) -> None:
        raise PermissionError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    post_fork(None, Worker(1, 0))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    master = Master()
    master.resize(2)
    assert [worker.processor for worker in master.WORKERS.values()] == [None, None]


def test_a_web_process_limits_its_statements() -> None:
    assert not DatabaseWrapper.answers_requests
    limited = ("-c", "ecom_admin/gunicorn.py", f"{__name__}:limited_application")
    with gunicorn(1, *limited) as port, closing(HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        assert ask([client]) == [b"True"]


class Listener:
    """Somebody has come, and another worker was faster."""

    asked = 0

    def accept(self) -> None:
        self.asked += 1
        raise BlockingIOError(errno.EAGAIN, "nobody is there")


class Poller:
    """`own` tells whether one of the worker's connections wants something; `waited` how long it was waited for."""

    def __init__(self) -> None:
        self.own = False
        self.waited: list[float] = []
        self.watches_listener = True

    def unregister(self, _listener: Listener) -> None:
        self.watches_listener = False

    def register(self, _listener: Listener, _events: int, _callback: Any) -> None:
        self.watches_listener = True

    def select(self, seconds: float) -> list[str]:
        assert not self.watches_listener, "it would end the wait"
        self.waited.append(seconds)
        return ["own"] if self.own else []


def make_worker(workers: int, in_hand: int, idle: int = 0) -> Any:
    worker: Any = FairThreadWorker.__new__(FairThreadWorker)
    worker.cfg = SimpleNamespace(workers=workers)
    worker.nr_conns = in_hand + idle
    worker.keepalived_conns, worker.pending_conns = [object()] * (idle // 2), [object()] * (idle - idle // 2)
    worker.poller = Poller()
    return worker


@pytest.mark.parametrize(
    ("workers", "in_hand", "idle", "waits"),
    [(2, 0, 0, []), (2, 3, 0, [0.0006]), (2, 3, 40, [0.0006]), (2, 500, 0, [0.002]), (1, 3, 0, [])],
)
def test_who_has_more_in_hand_hesitates_longer(workers: int, in_hand: int, idle: int, waits: list[float]) -> None:
    worker, listener = make_worker(workers, in_hand, idle), Listener()
    worker.accept(listener)
    assert worker.poller.waited == pytest.approx(waits, abs=0.0003)
    assert worker.poller.watches_listener
    assert listener.asked == 1


def test_what_it_has_in_hand_goes_on_and_nobody_waits_for_ever() -> None:
    worker, listener = make_worker(2, 500), Listener()
    worker.poller.own = True
    worker.accept(listener)
    assert worker.poller.watches_listener
    assert listener.asked == 0, "its own come first"
    while not listener.asked:
        worker.accept(listener)
    assert all(0 < seconds <= web_worker.LONGEST_SECONDS for seconds in worker.poller.waited)
    assert worker.poller.waited == sorted(worker.poller.waited, reverse=True)

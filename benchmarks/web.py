"""The product's web server, and a client that costs next to nothing beside it."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.conf import settings

from ecom_admin.processes import end_with_parent

START_SECONDS = 60


@contextmanager
def web_server() -> Iterator[int]:
    """gunicorn as in production (2 workers × 4 threads) on a free port of loopback; yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "ecom_admin/gunicorn.py", "--max-requests", "0", "ecom_admin.wsgi"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PORT": str(port), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"},
        stdout=subprocess.DEVNULL,
        preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def post(path: str, token: str, body: bytes) -> bytes:
    """A request of the JSON API on a connection that stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_all(port: int, requests: Sequence[bytes], *, clients: int, expect: bytes) -> tuple[float, list[float]]:
    """Send requests from `clients` connections, each waiting for its answer; (seconds in all, seconds of each).

    One thread with epoll. Raises RuntimeError for an answer whose status isn't `expect` (b"202").
    """
    waiting = iter(requests)
    chosen = selectors.DefaultSelector()
    took: list[float] = []
    sent: dict[socket.socket, float] = {}
    started = time.perf_counter()
    for request in [request for _n, request in zip(range(clients), waiting, strict=False)]:
        handle = socket.create_connection(("127.0.0.1", port))
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen.register(handle, selectors.EVENT_READ)
        sent[handle] = time.perf_counter()
        handle.sendall(request)
    while sent:
        for key, _events in chosen.select(30):
            handle = key.fileobj  # type: ignore[assignment]
            _read_answer(handle, expect)
            now = time.perf_counter()
            took.append(now - sent.pop(handle))
            if (following := next(waiting, None)) is None:
                chosen.unregister(handle)
                handle.close()
            else:
                sent[handle] = now
                handle.sendall(following)
    return time.perf_counter() - started, took


def _read_answer(handle: socket.socket, expect: bytes) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(handle)
    head, _blank, body = data.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] != expect:
        raise RuntimeError(f"Unexpected answer: {data[:500]!r}")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += _more(handle)


def _more(handle: socket.socket) -> bytes:
    if not (part := handle.recv(65536)):
        raise RuntimeError("The server closed the connection.")
    return part


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The web server didn't start.")

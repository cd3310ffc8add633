"""The product's web server, and a client that costs next to nothing beside it."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.processes import free_port, running, wait_for_port
from ecom_admin.demo import COMMANDS


@contextmanager
def web_server() -> Iterator[int]:
    """gunicorn as in production (2 workers × 8 threads) on a free port of loopback; yields the port."""
    port = free_port()
    command = (*COMMANDS["web"], "--max-requests", "0")
    with running(command, {"PORT": str(port), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        wait_for_port(port, process)
        yield port


def post(path: str, token: str, body: bytes) -> bytes:
    """A request of the JSON API on a connection that stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    """A browser's request of a page on a connection that stays open."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: zh-CN,zh;q=0.9\r\n\r\n".encode()


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

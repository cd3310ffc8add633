"""A small HTTP/1.1 server on asyncio: enough of the protocol for a carrier's API, and light, so that the
figures measured against it are the client's. Bodies need a Content-Length; one request at a time per connection.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_REQUEST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class Response:
    """`delay` in seconds; `hang` never answers and leaves the connection open."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    delay: float = 0.0
    hang: bool = False
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


class HttpConnection(asyncio.Protocol):
    def __init__(self, handler: Handler, open_connections: "set[HttpConnection]") -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a TCP server's connections are that
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open.discard(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        taken = self._take()
        if taken is None:
            return
        request, keep_alive = taken
        response = self._handler(request)
        if response.hang:
            self._busy = True
        elif response.delay:
            self._busy = True
            asyncio.get_running_loop().call_later(response.delay, self._answer, response, keep_alive)
        else:
            self._answer(response, keep_alive)

    def _answer(self, response: Response, keep_alive: bool) -> None:
        self._busy = False
        if self._transport is None:
            return
        extra = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
        head = (
            f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
            f"Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n{extra}"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
        )
        self._transport.write(head.encode("latin-1") + response.body)
        if not keep_alive:
            self._transport.close()
        elif self._buffer:
            self._next()

    def _take(self) -> tuple[Request, bool] | None:
        """The next complete request in the buffer; None while it is incomplete."""
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length") or 0)
        if length > MAX_REQUEST_BYTES:
            self.close()
            return None
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True)) if parts.query else {}
        request = Request(method, unquote(parts.path), query, headers, rest[:length])
        close = headers.get("connection", "").lower() == "close" or version == "HTTP/1.0"
        return request, not close


async def post_form(url: str, body: bytes, *, seconds: float = 10.0) -> tuple[int, bytes]:
    """POST an urlencoded body over plain HTTP; returns status and answer. Raises OSError or TimeoutError."""
    parts = urlsplit(url)
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            writer.write(
                f"POST {path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            answer = await reader.read()
        finally:
            writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), content

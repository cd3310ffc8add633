"""Outgoing HTTP, guarded.

Addresses that managers configure (carrier base URLs, web hooks) must not become a way into our own
network, and a slow or endless answer must not hold a worker. `send` therefore

- accepts `https` and `http` only, refuses user names in the URL and never follows a redirect;
- resolves the host once, refuses private, loopback, link-local, multicast and reserved addresses unless
  `host:port` is in `settings.OUTGOING_ALLOWED_HOSTS`, and connects to the very address it checked, so that
  a name can't change between check and use;
- has a time limit for connecting, for every read and for the whole answer, and a limit on its size;
- ignores proxy variables, keeps connections alive in one pool per process and is safe in threads.

httpcore (the transport below httpx) is used directly: it lets us supply the function that opens the socket,
and it costs about half the time of an httpx request.
"""

import atexit
import json as jsonlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

import certifi
import httpcore
from django.conf import settings

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_CONNECTIONS = 64
KEEP_ALIVE_SECONDS = 30.0
USER_AGENT = "ecom-admin/1"
# RFC 6052: a network without IPv4 reaches 10.0.0.7 as 64:ff9b::10.0.0.7.
_NAT64 = IPv6Network("64:ff9b::/96")
# When (time.monotonic) the running call must be over.
_deadline: ContextVar[float] = ContextVar("deadline")


class OutgoingError(Exception):
    """Base of everything that `send` raises."""


class OutgoingRefused(OutgoingError):
    """The address isn't one that we may call."""


class OutgoingTimeout(OutgoingError):
    """The other side didn't answer in time."""


class OutgoingFailed(OutgoingError):
    """No connection, or it broke before the answer was complete."""


class ReplyTooLarge(OutgoingError):
    """The answer is longer than the caller accepts."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to connect, seconds between two pieces of the answer, seconds for all of it, its head included."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came completely. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Raises ValueError when the body isn't JSON."""
        return jsonlib.loads(self.body)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    form: Mapping[str, str] | None = None,
    json: Any = None,
    timeouts: Timeouts | None = None,
    max_bytes: int = MAX_BODY_BYTES,
) -> Reply:
    """Send one request and return the whole answer, whatever its status.

    At most one of `body`, `form` (sent urlencoded) and `json` is given. Raises OutgoingRefused,
    OutgoingTimeout, OutgoingFailed or ReplyTooLarge; an HTTP error status is not an exception.
    """
    limits = timeouts or Timeouts()
    check_url(url)
    content, content_type = _content(body, form, json)
    sent = {"user-agent": USER_AGENT, "accept": "*/*"}
    if content_type:
        sent["content-type"] = content_type
    sent.update({name.lower(): value for name, value in (headers or {}).items()})
    try:
        return _exchange(method, url, sent, content, limits, max_bytes)
    except httpcore.TimeoutException as error:
        raise OutgoingTimeout(str(error) or type(error).__name__) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise OutgoingFailed(str(error) or type(error).__name__) from error


def _exchange(
    method: str, url: str, headers: Mapping[str, str], content: bytes, limits: Timeouts, max_bytes: int
) -> Reply:
    token = _deadline.set(time.monotonic() + limits.total)
    try:
        return _answer(method, url, headers, content, limits, max_bytes)
    finally:
        _deadline.reset(token)


def _answer(
    method: str, url: str, headers: Mapping[str, str], content: bytes, limits: Timeouts, max_bytes: int
) -> Reply:
    wait = {"connect": limits.connect, "read": limits.read, "write": limits.read, "pool": limits.total}
    pieces: list[bytes] = []
    size = 0
    with _shared.get().stream(
        method, url, headers=list(headers.items()), content=content, extensions={"timeout": wait}
    ) as response:
        for piece in response.iter_stream():
            size += len(piece)
            if size > max_bytes:
                raise ReplyTooLarge(f"more than {max_bytes} bytes from {urlsplit(url).hostname}")
            pieces.append(piece)
        names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Reply(status=response.status, headers=names, body=b"".join(pieces))


def _content(body: bytes, form: Mapping[str, str] | None, json: Any) -> tuple[bytes, str]:
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    if json is not None:
        return jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    return body, ""


def check_url(url: str) -> None:
    """Raise OutgoingRefused unless the URL has a scheme, a host and nothing hidden in it.

    Addresses are checked when the connection is opened, so this is safe to call from a form as well.
    """
    try:
        parts = urlsplit(url)
        has_user = parts.username is not None or parts.password is not None
        port = parts.port
    except ValueError as error:
        raise OutgoingRefused(f"not an address: {url!r}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OutgoingRefused(f"only http and https addresses with a host are called, not {url!r}")
    if has_user or port == 0:
        raise OutgoingRefused("an address with a user name or port 0 isn't called")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the open internet, looking through IPv4 inside IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def allowed_addresses(host: str, port: int) -> list[str]:
    """The addresses that a host may be reached at, best first; raises OutgoingRefused or OutgoingFailed.

    Every address the name resolves to must be public: a name with one private address among public ones is
    the usual shape of an attack by DNS.
    """
    exempt = f"{host}:{port}" in settings.OUTGOING_ALLOWED_HOSTS
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OutgoingFailed(f"{host} can't be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not exempt and not is_public(ip_address(address.partition("%")[0])):
            raise OutgoingRefused(f"{host}:{port} is inside our own network")
    return addresses


def _at_most(timeout: float | None) -> float:
    """`timeout`, or what is left for the whole answer. Raises httpcore.ReadTimeout when nothing is."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("no complete answer in time")
    return left if timeout is None else min(timeout, left)


class _OneWriteStream(httpcore.NetworkStream):
    """Sends what was written when the answer is wanted: a request leaves in one system call and one packet,
    not one for its head and one for its body."""

    FLUSH_BYTES = 64 * 1024

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._waiting = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush(timeout)
        return self._inner.read(max_bytes, _at_most(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waiting += buffer
        if len(self._waiting) >= self.FLUSH_BYTES:
            self._flush(timeout)

    def _flush(self, timeout: float | None) -> None:
        if self._waiting:
            sent, self._waiting = bytes(self._waiting), bytearray()
            self._inner.write(sent, _at_most(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _OneWriteStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens sockets to checked addresses only. TLS still verifies the host's name, not the address."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = allowed_addresses(host, port)
        # A request is one small write: without this the kernel may wait for the answer to the last one.
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *(socket_options or ())]
        for address in others:
            try:
                return self._connect(address, port, timeout, local_address, options)
            except httpcore.ConnectError:
                continue
        return self._connect(last, port, timeout, local_address, options)

    def _connect(
        self, address: str, port: int, timeout: float | None, local_address: str | None, options: list[Any]
    ) -> httpcore.NetworkStream:
        return _OneWriteStream(self._sockets.connect_tcp(address, port, timeout, local_address, options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise OutgoingRefused("UNIX sockets aren't called")


class _SharedPool:
    """The process's pool, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: httpcore.ConnectionPool | None = None

    def get(self) -> httpcore.ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = httpcore.ConnectionPool(
                    ssl_context=ssl.create_default_context(cafile=certifi.where()),
                    max_connections=MAX_CONNECTIONS,
                    max_keepalive_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEEP_ALIVE_SECONDS,
                    network_backend=_GuardedBackend(),
                )
            return self._pool

    def close(self) -> None:
        with self._lock:
            kept, self._pool = self._pool, None
        if kept is not None:
            kept.close()

    def forget(self) -> None:
        """Drop the pool without closing it, in a child process: the sockets are its parent's."""
        self._lock = threading.Lock()
        self._pool = None


_shared = _SharedPool()


def close_connections() -> None:
    """Close the connections that this process keeps alive; the next call opens new ones."""
    _shared.close()


atexit.register(close_connections)
os.register_at_fork(after_in_child=_shared.forget)

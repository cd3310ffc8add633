"""The sandbox as a process: carriers, misbehaviour, pushes and control behind one address on loopback."""

import asyncio
import contextlib
import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future

from logistics.sandbox.control import Control
from logistics.sandbox.faults import Fault, Faults
from logistics.sandbox.http import HttpConnection, Request, Response
from logistics.sandbox.kuaidi100 import Kuaidi100
from logistics.sandbox.pusher import Pusher
from logistics.sandbox.ups import Ups
from logistics.sandbox.world import World

logger = logging.getLogger(__name__)


class Sandbox:
    """`speed` is simulated seconds per real second; `path` keeps the parcels over a restart."""

    def __init__(self, *, speed: float = 1440.0, path: str = ":memory:", rates: Mapping[str, float] | None = None):
        self.world = World(speed=speed, path=path, rates=rates)
        self.faults = Faults()
        self.kuaidi100 = Kuaidi100(self.world)
        self.ups = Ups(self.world)
        self.pusher = Pusher(self.world, self.kuaidi100, self.faults)
        self.control = Control(self.world, self.faults, self.pusher)
        self._connections: set[HttpConnection] = set()

    def respond(self, request: Request) -> Response:
        """The answer to one request, misbehaviour included. A fault in the sandbox itself is a 500 with its name."""
        try:
            answer = self.control.handle(request)
            if answer is not None:
                return answer
            self.control.requests += 1
            answer = self.kuaidi100.handle(request) or self.ups.handle(request)
        except Exception as error:
            logger.exception("Sandbox failed on %s", request.path)
            return Response(status=500, body=f"{type(error).__name__}: {error}".encode())
        if answer is None:
            return Response(status=404, body=b'{"error":"no such address"}')
        if request.path == "/poll":
            self._watch(request)
        if self.faults.active:
            text = request.path + request.body.decode("utf-8", "replace")
            for fault in self.faults.strike(request.path, text):
                answer = _misbehave(answer, fault)
        return answer

    def _watch(self, request: Request) -> None:
        with contextlib.suppress(ValueError, KeyError):
            number = json.loads(request.form.get("param", ""))["number"]
            self.pusher.watch(self.world.parcels[number])

    async def serve(self, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
        """Serve until cancelled. `ready` gets the port, which matters when `port` is 0."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: HttpConnection(self.respond, self._connections), host, port, backlog=512
        )
        self.pusher.watch_all()
        pushing = loop.create_task(self.pusher.run())
        if ready is not None:
            ready(server.sockets[0].getsockname()[1])
        try:
            async with server:
                await server.serve_forever()
        finally:
            pushing.cancel()
            for connection in list(self._connections):
                connection.close()
            self.world.close()


def _misbehave(answer: Response, fault: Fault) -> Response:
    match fault.kind:
        case "delay":
            answer.delay = fault.seconds
        case "hang":
            answer.hang = True
        case "fail":
            return Response(status=fault.status, body=b"upstream unavailable", content_type="text/plain")
        case "garble":
            answer.body = answer.body[: len(answer.body) // 2] + b"\x00\xff<html>"
        case "repeat" | "reorder":
            answer.body = _shuffled(answer.body, fault.kind)
    return answer


def _shuffled(body: bytes, kind: str) -> bytes:
    """The same answer with its events twice, or oldest first."""
    data = json.loads(body)
    events = data.get("data")
    if not isinstance(events, list) and "trackResponse" in data:
        events = data["trackResponse"]["shipment"][0]["package"][0]["activity"]
    if isinstance(events, list):
        events[:] = events * 2 if kind == "repeat" else events[::-1]
    return json.dumps(data, ensure_ascii=False).encode()


def run(sandbox: Sandbox, *, host: str, port: int, ready: Callable[[int], None] | None = None) -> None:
    """Serve in this process until SIGINT or SIGTERM."""

    async def main() -> None:
        task = asyncio.ensure_future(sandbox.serve(host, port, ready=ready))
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())


@contextlib.contextmanager
def serving(sandbox: Sandbox, *, port: int, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve from a thread while the block runs; gives the port, which matters when `port` is 0.

    Raises OSError if the port is taken.
    """
    started: Future[int] = Future()
    loop = asyncio.new_event_loop()
    task = loop.create_task(sandbox.serve(host, port, ready=started.set_result))

    def run_loop() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                loop.run_until_complete(task)
            except OSError as error:
                started.set_exception(error)
        loop.close()

    thread = threading.Thread(target=run_loop, daemon=True)
    thread.start()
    try:
        yield started.result(timeout=10)
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=10)

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from core import net
from logistics.models import Carrier
from logistics.sandbox.server import Sandbox
from tests.factories.logistics import make_carrier, make_rule


class RunningSandbox:
    """The carrier sandbox in a thread of its own, talked to over HTTP like the real carriers."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        sandbox = Sandbox(**self._options)
        self._task = self._loop.create_task(sandbox.serve("127.0.0.1", 0, ready=self._started))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _started(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)

    def control(self, what: str = "", body: Any = None, method: str = "") -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/control/{what}".rstrip("/"),
            data=json.dumps(body).encode() if body is not None else None,
            method=method or ("POST" if body is not None else "GET"),
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    def fault(self, kind: str, **options: Any) -> None:
        self.control("faults", {"kind": kind, **options})

    def parcel(self, **options: Any) -> str:
        """A parcel in the sandbox, picked up `hours` ago; returns its number."""
        return self.control("parcels", {"count": 1, **options})["numbers"][0]


@pytest.fixture
def sandbox(settings: LazySettings) -> Iterator[RunningSandbox]:
    """Speed 1: simulated time passes only when the test says so (`advance`). Every parcel arrives."""
    running = RunningSandbox(speed=1.0, rates={})
    settings.OUTGOING_ALLOWED_HOSTS = [f"127.0.0.1:{running.port}"]
    yield running
    net.close_connections()
    running.stop()


@pytest.fixture
def carrier(db: None, sandbox: RunningSandbox) -> Carrier:
    return make_carrier("sf", base_url=sandbox.url)


@pytest.fixture
def rule(carrier: Carrier) -> Carrier:
    """Every parcel goes with `carrier`."""
    make_rule(carrier)
    return carrier

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from core import net
from logistics.models import Carrier
from logistics.sandbox.server import Sandbox, serving
from tests.factories.logistics import make_carrier, make_rule


class RunningSandbox:
    """The carrier sandbox in a thread of its own, talked to over HTTP like the real carriers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

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
    with serving(Sandbox(speed=1.0, rates={}), port=0) as port:
        settings.OUTGOING_ALLOWED_HOSTS = [f"127.0.0.1:{port}"]
        yield RunningSandbox(port)
        net.close_connections()


@pytest.fixture
def carrier(db: None, sandbox: RunningSandbox) -> Carrier:
    return make_carrier("sf", base_url=sandbox.url)


@pytest.fixture
def rule(carrier: Carrier) -> Carrier:
    """Every parcel goes with `carrier`."""
    make_rule(carrier)
    return carrier

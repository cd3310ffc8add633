"""The page on which customers look for their parcels: cheap for us and light for their phones."""

from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import islice
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from django.db import connection
from django.urls import reverse

from benchmarks.databases import use_orders
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from benchmarks.urls import EMPTY_PATH
from benchmarks.web import get, send_all, web_server
from logistics.models import Shipment
from logistics.public import sign

CLIENTS = 8
WARM_UP = 100
PAGES_A_ROUND = 3000
PARCELS = 400


@benchmark("public_tracking_page")
def public_tracking_page(run: Run) -> Sequence[Result]:
    """Tracking pages a second beside an empty view of the same server, in turns; and all bytes of one page."""
    use_orders(run.orders)
    paths = _paths()
    connection.close()
    rates, floors = [], []
    with web_server() as port:
        for number in range(run.rounds + 1):
            amount = PAGES_A_ROUND if number else WARM_UP
            empty = send_all(port, [get(EMPTY_PATH)] * amount, clients=CLIENTS, expect=b"200")[0]
            pages = [get(paths[n % len(paths)]) for n in range(amount)]
            full = send_all(port, pages, clients=CLIENTS, expect=b"200")[0]
            if number:
                floors.append(amount / empty)
                rates.append(amount / full)
        parts = _weigh(f"http://127.0.0.1:{port}{paths[0]}")
    conditions = run.conditions(
        f"{run.orders:,} orders; {len(paths)} parcels on their way or delivered, 2 or 3 events each",
        f"gunicorn 2 workers × 8 threads, {CLIENTS} clients on kept-alive connections; floor: an empty view behind "
        "the same middleware",
    )
    return [
        measured("public_tracking_page", "pages/s", rates, floors=floors, at_least=0.3, conditions=conditions),
        measured(
            "public_tracking_page_weight", "kB", [sum(parts.values()) / 1000], at_most=100,
            conditions=conditions | {"concurrency": "1 client; bytes as sent to a browser that takes br and gzip"},
            details=parts,
        ),
    ]  # fmt: skip


def _paths() -> list[str]:
    """Customers' links, half of them of parcels that are still on their way."""
    found: list[int] = []
    for status in ("in_transit", "delivered"):
        newest = Shipment.objects.filter(status=status).order_by("-pk").values_list("order_id", flat=True)
        found += newest[: PARCELS // 2]
    return [reverse("track:order", args=[sign(order_id)]) for order_id in found]


def _weigh(url: str) -> dict[str, int]:
    """Bytes of the page and of each style sheet, script and picture that it names."""
    page = _fetch(url)
    parts = {"html": len(page)}
    finder = _Parts()
    finder.feed(page.decode())
    for address in islice(dict.fromkeys(finder.addresses), 50):
        parts[urlsplit(address).path] = len(_fetch(urljoin(url, address)))
    return parts


def _fetch(url: str) -> bytes:
    request = Request(url, headers={"Accept-Encoding": "br, gzip"})  # noqa: S310 - our own server
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


class _Parts(HTMLParser):
    """Collects what a browser loads with a page."""

    LOADED_LINKS = frozenset({"stylesheet", "icon", "manifest", "preload", "apple-touch-icon"})

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        loaded = bool(self.LOADED_LINKS & set((given.get("rel") or "").split()))
        address = given.get("href") if tag == "link" and loaded else given.get("src") if tag != "link" else None
        if address and not address.startswith("data:"):
            self.addresses.append(address)

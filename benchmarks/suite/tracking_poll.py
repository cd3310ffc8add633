"""Asking carriers: finding who is due among a million parcels, and how many can be asked in a second."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from statistics import quantiles
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from django.conf import settings
from django.utils import timezone

from benchmarks.databases import execute, use_orders
from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from benchmarks.settings import WORK_DATABASE
from core.net import close_connections
from ecom_admin.generated.catalogue import CARRIER
from logistics.carriers.base import TrackQuery
from logistics.carriers.kuaidi100 import wire
from logistics.models import Carrier, Shipment
from logistics.sandbox import KUAIDI100_ACCOUNT
from logistics.services.polling import claim_due, count_due, poll_batch
from orders.models import FulfilmentOrder

BATCH = 200  # as the stage takes them
CLAIMS_A_ROUND = 40
PARCELS = 1000
LANES = 8
HOURS_A_ROUND = 6

# As many parcels in transit as are wanted, on top of the generated ones: further shipped parts of the same orders,
# whose checks are spread over four hours.
_PARTS = """
INSERT INTO orders_fulfilmentorder (number, order_id, warehouse_id, status, scores, weight_g, created_at, allocated_at,
                                    released_at, picking_at, packed_at, shipped_at)
SELECT 'B' || n || '-' || id, order_id, warehouse_id, 'shipped', '[]', weight_g, created_at, allocated_at, released_at,
       picking_at, packed_at, shipped_at
  FROM (SELECT * FROM orders_fulfilmentorder WHERE shipped_at IS NOT NULL) AS f
 CROSS JOIN generate_series(1, {copies}) AS n
 LIMIT {amount}
"""
_PARCELS = """
INSERT INTO logistics_shipment (
    number, fulfilment_id, order_id, warehouse_id, carrier_id, service, tracking_number, status, weight_g,
    destination_country, company_code, carrier_reference, label_currency, label_attempts, label_error,
    label_created_at, handed_over_at, next_poll_at, subscribe_due, track_digest, poll_failures, poll_error,
    last_checked_at, last_event_at, failed_attempt_count, created_at)
SELECT f.number, f.id, f.order_id, f.warehouse_id, {carrier}, '', 'T' || f.number, 'in_transit', f.weight_g, 'CN', '',
       '', '', 1, '', f.packed_at, f.shipped_at, now() + random() * interval '4 hours', false, '', 0, '',
       f.shipped_at, f.shipped_at, 0, f.packed_at
  FROM orders_fulfilmentorder AS f
 WHERE starts_with(f.number, 'B')
"""


@benchmark("tracking_poll")
def tracking_poll(run: Run) -> Sequence[Result]:
    """Milliseconds to claim a batch of due parcels; checks a second beside bare requests of the same carrier."""
    use_orders(run.orders)
    return [_rate(run), _due(run)]


def _due(run: Run) -> Result:
    sent = FulfilmentOrder.objects.filter(shipped_at__isnull=False).count()
    carrier_id = Carrier.objects.get(code=CARRIER).pk
    execute(WORK_DATABASE, _PARTS.format(copies=-(-run.largest // sent), amount=run.largest))
    execute(WORK_DATABASE, _PARCELS.format(carrier=carrier_id))
    execute(WORK_DATABASE, "VACUUM ANALYZE orders_fulfilmentorder, logistics_shipment")
    at = _when_due(carrier_id, 2 * run.rounds * CLAIMS_A_ROUND * BATCH)
    slowest = []
    for _round in range(run.rounds):
        took = []
        for _ in range(CLAIMS_A_ROUND):
            started = time.perf_counter()
            allowed = count_due([carrier_id], BATCH, at=at)
            items = claim_due(allowed, at=at)
            took.append(1000 * (time.perf_counter() - started))
            if not items:
                raise RuntimeError("No parcel was due")
        slowest.append(quantiles(took, n=20)[18])
    return measured(
        "tracking_poll_due", "ms", slowest, at_most=50,
        conditions=run.conditions(
            f"{run.largest:,} parcels in transit, their checks spread over 4 hours; {BATCH} due ones claimed each time",
            f"1 client; the slowest twentieth of {CLAIMS_A_ROUND} claims a round",
        ),
    )  # fmt: skip


def _when_due(carrier_id: int, count: int) -> datetime:
    """The instant at which `count` of the carrier's parcels are due, or all of them if there are fewer."""
    checks = Shipment.objects.filter(carrier=carrier_id, next_poll_at__isnull=False)
    last = checks.order_by("next_poll_at")[min(count, checks.count()) - 1]
    return cast("datetime", last.next_poll_at)


def _rate(run: Run) -> Result:
    rates, floors = [], []
    with _sandbox() as address:
        carrier, numbers = _parcels(address)
        for number in range(run.rounds + 1):
            _tell(address, "advance", {"hours": HOURS_A_ROUND})
            bare = _ask_bare(address, numbers)
            polled = _poll(carrier)
            if number:
                floors.append(len(numbers) / bare)
                rates.append(len(numbers) / polled)
    return measured(
        "tracking_poll", "checks/s", rates, floors=floors, at_least=0.5,
        conditions=run.conditions(
            f"{run.orders:,} orders; {PARCELS:,} parcels a round, {HOURS_A_ROUND} hours after the last check, so that "
            "some have news and some have none",
            f"batches of {BATCH}, {LANES} calls at a time; floor: the same questions by httpx from {LANES} threads, "
            "answers thrown away",
        ),
    )  # fmt: skip


def _parcels(address: str) -> tuple[Carrier, list[str]]:
    """A carrier that is the sandbox, and PARCELS generated parcels that it carries by now."""
    account: Any = KUAIDI100_ACCOUNT
    carrier = Carrier.objects.create(
        code="sandbox", name="Sandbox", adapter="kuaidi100", carrier_code="shunfeng", base_url=address,
        credentials=account, rate_per_second=0, max_connections=LANES, supports_push=False,
    )  # fmt: skip
    chosen = list(Shipment.objects.filter(status="in_transit").order_by("-pk").values_list("pk", flat=True)[:PARCELS])
    numbers = [f"SBX{pk:012d}" for pk in chosen]
    for pk, number in zip(chosen, numbers, strict=True):
        Shipment.objects.filter(pk=pk).update(carrier=carrier, tracking_number=number, next_poll_at=timezone.now())
    _tell(address, "parcels", {"numbers": numbers, "outcome": "normal"})
    return carrier, numbers


def _poll(carrier: Carrier) -> float:
    """Seconds to check all of the carrier's parcels that aren't there yet."""
    mine = Shipment.objects.filter(carrier=carrier)
    mine.update(next_poll_at=timezone.now())
    left = mine.count()
    started = time.perf_counter()
    while left > 0:
        asked = poll_batch(BATCH)
        if not asked:
            raise RuntimeError(f"{left} parcels weren't asked about")
        left -= asked
    seconds = time.perf_counter() - started
    if mine.exclude(poll_failures=0).exists():
        raise RuntimeError("The sandbox refused a question")
    return seconds


def _ask_bare(address: str, numbers: Sequence[str]) -> float:
    """Seconds to send the same questions with nothing around them."""
    bodies = [_question(number) for number in numbers]
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=address) as client, ThreadPoolExecutor(LANES) as pool:
        started = time.perf_counter()
        statuses = set(
            pool.map(lambda body: client.post("/poll/query.do", content=body, headers=headers).status_code, bodies)
        )
        seconds = time.perf_counter() - started
    if statuses != {200}:
        raise RuntimeError(f"The sandbox answered {statuses}")
    return seconds


def _question(number: str) -> bytes:
    query = TrackQuery(number=number, phone="+8619900000001", destination="浙江省杭州市西湖区")
    question = {"com": "shunfeng", "num": query.number, "phone": query.phone, "to": query.destination}
    param = json.dumps({**question, "resultv2": "4", "order": "desc"}, ensure_ascii=False, separators=(",", ":"))
    customer = KUAIDI100_ACCOUNT["customer"]
    sign = wire.query_sign(param, KUAIDI100_ACCOUNT["key"], customer)
    return urlencode({"customer": customer, "param": param, "sign": sign}).encode()


def _tell(address: str, what: str, body: dict[str, Any]) -> None:
    httpx.post(f"{address}/control/{what}", json=body, timeout=60).raise_for_status()


@contextmanager
def _sandbox() -> Iterator[str]:
    """The carrier sandbox in a process of its own, its clock standing almost still; yields its address."""
    port = free_port()
    command = (
        sys.executable, "manage.py", "carrier_sandbox", "--port", str(port), "--speed", "1", "--db", ":memory:",
    )  # fmt: skip
    allowed = settings.OUTGOING_ALLOWED_HOSTS
    with running(command, {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        wait_for_port(port, process)
        settings.OUTGOING_ALLOWED_HOSTS = [f"127.0.0.1:{port}"]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            settings.OUTGOING_ALLOWED_HOSTS = allowed
            close_connections()

"""Three hundred buyers for a hundred units: exactly a hundred get one."""

import os
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier, Event
from typing import Any

from django.db import connection
from django.db.models import Q

from benchmarks.databases import use_orders
from benchmarks.floor import FLOOR, floor_rate
from benchmarks.payloads import OrderSource
from benchmarks.pipeline import BATCH, START_SECONDS, warm_up
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from core.actor import SYSTEM
from ecom_admin.generated.catalogue import CHANNEL
from inventory.models import Product, Sku, StockLevel, Warehouse
from inventory.rules.stock import StockReceipt
from inventory.selectors import stock_differences
from inventory.services import receive_stock
from orders.enums import FulfilmentStatus, IntakeSource
from orders.models import Channel, FulfilmentLine, Order
from orders.services.allocate import allocate_batch
from orders.services.intake_together import KnownSender, receive_together
from orders.services.validate import validate_batch

BUYERS, UNITS = 300, 100
TAKERS, THREADS, WORKERS = 2, 4, 2
LONGEST_SECONDS = 120
IDLE_SECONDS = 0.005
CONTEXT = get_context("fork")


@benchmark("hot_sku")
def hot_sku(run: Run) -> Sequence[Result]:
    """Orders one by one from concurrent threads, allocated by concurrent workers; RuntimeError unless exactly
    UNITS are allocated each round."""
    use_orders(run.orders)
    warm_up()
    rates, floors = [], []
    for number in range(run.rounds):
        sku = _sku(f"HOT-{number}")
        floors.append(floor_rate(run.seconds, skus=1))
        rates.append(BUYERS / _sell(sku))
        _prove(sku)
    conditions = run.conditions(
        f"{run.orders:,} orders before; {BUYERS} orders of one unit for {UNITS} units, the rest backordered",
        f"{TAKERS} processes × {THREADS} threads, one order a call through the API's door, and {WORKERS} worker "
        f"processes that run the stages; floor on one stock row: {FLOOR}",
    )
    return [
        measured(
            "hot_sku", "orders/s", rates, floors=floors, at_least=0.5, conditions=conditions,
            details={"allocated": UNITS, "backordered": BUYERS - UNITS, "ledger_differences": 0},
        )
    ]  # fmt: skip


def _sku(code: str) -> Sku:
    sku = Sku.objects.create(product=Product.objects.get(code="GEN"), code=code, name=code, unit_price=10, weight_g=100)
    receive_stock([StockReceipt(Warehouse.objects.get(code="GEN-E").pk, sku.pk, UNITS)])
    return sku


def _sell(sku: Sku) -> float:
    """Seconds from the first order to the last one's allocation."""
    channel = Channel.objects.get(code=CHANNEL)
    payloads = OrderSource([(sku.code, sku.name, "10.00")]).take(BUYERS)
    connection.close()
    ready, taken = CONTEXT.Barrier(TAKERS + WORKERS + 1), CONTEXT.Event()
    takers = [_start(_take, ready, channel, payloads[n::TAKERS]) for n in range(TAKERS)]
    workers = [_start(_work, ready, taken) for _ in range(WORKERS)]
    ready.wait(START_SECONDS)
    started = time.perf_counter()
    _join(takers)
    taken.set()
    _join(workers)
    return time.perf_counter() - started


def _take(ready: Barrier, channel: Channel, payloads: list[dict[str, Any]]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _n: connection.ensure_connection(), range(THREADS)))
        ready.wait(START_SECONDS)
        list(pool.map(lambda share: _buy(channel, share), [payloads[n::THREADS] for n in range(THREADS)]))


def _buy(channel: Channel, payloads: list[dict[str, Any]]) -> None:
    for payload in payloads:
        receive_together(KnownSender(channel, SYSTEM), [payload], source=IntakeSource.API)


def _work(ready: Barrier, taken: Event) -> None:
    """Run the stages as nudged workers do, until nothing is due and nothing more will come."""
    connection.ensure_connection()
    ready.wait(START_SECONDS)
    due = Order.objects.filter(Q(validate_due_at__isnull=False) | Q(allocate_due_at__isnull=False))
    while True:
        last = taken.is_set()
        if validate_batch(BATCH) + allocate_batch(BATCH):
            continue
        if last and not due.exists():
            return
        time.sleep(IDLE_SECONDS)


def _start(target: Callable[..., None], *arguments: Any) -> Any:
    process = CONTEXT.Process(target=_run, args=(target, arguments), daemon=True)
    process.start()
    return process


def _run(target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    code = 1
    try:
        target(*arguments)
        code = 0
    except Exception:  # noqa: BLE001 - the exit code tells the parent
        traceback.print_exc()
    finally:
        os._exit(code)  # a forked child has nothing of its parent's to tidy up


def _join(processes: Sequence[Any]) -> None:
    for process in processes:
        process.join(LONGEST_SECONDS)
        if process.exitcode:
            raise RuntimeError(f"A process failed with code {process.exitcode}")
        if process.exitcode is None:
            raise RuntimeError(f"A process isn't through after {LONGEST_SECONDS} s")


def _prove(sku: Sku) -> None:
    lines = FulfilmentLine.objects.filter(sku=sku)
    allocated = lines.filter(fulfilment__status=FulfilmentStatus.ALLOCATED).count()
    backordered = lines.filter(fulfilment__status=FulfilmentStatus.BACKORDERED).count()
    reserved = StockLevel.objects.get(sku=sku).reserved
    if (allocated, backordered, reserved) != (UNITS, BUYERS - UNITS, UNITS) or stock_differences():
        raise RuntimeError(f"{allocated} allocated, {backordered} backordered, {reserved} reserved of {UNITS} units")

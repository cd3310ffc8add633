"""Three hundred buyers for a hundred units: exactly a hundred get one."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.databases import use_orders
from benchmarks.floor import FLOOR, floor_rate
from benchmarks.payloads import OrderSource
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from core.actor import SYSTEM
from ecom_admin.generated.catalogue import CHANNEL
from inventory.models import Product, Sku, StockLevel, Warehouse
from inventory.rules.stock import StockReceipt
from inventory.selectors import stock_differences
from inventory.services import receive_stock
from orders.enums import FulfilmentStatus, IntakeSource
from orders.models import Channel, FulfilmentLine
from orders.services.allocate import allocate_batch
from orders.services.intake import receive
from orders.services.validate import validate_batch

BUYERS, UNITS, THREADS = 300, 100, 8


@benchmark("hot_sku")
def hot_sku(run: Run) -> Sequence[Result]:
    """One order per call from concurrent threads; RuntimeError unless exactly UNITS are allocated each round."""
    use_orders(run.orders)
    rates, floors = [], []
    for number in range(run.rounds):
        sku = _sku(f"HOT-{number}")
        floors.append(floor_rate(run.seconds, skus=1))
        rates.append(BUYERS / _sell(sku))
        _prove(sku)
    conditions = run.conditions(
        f"{run.orders:,} orders before; {BUYERS} orders of one unit for {UNITS} units, rest backordered",
        f"{THREADS} threads, one order per receive(); floor on one stock row: {FLOOR}",
    )
    return [measured("hot_sku", "orders/s", rates, floors=floors, at_least=0.5, conditions=conditions)]


def _sku(code: str) -> Sku:
    sku = Sku.objects.create(product=Product.objects.get(code="GEN"), code=code, name=code, unit_price=10, weight_g=100)
    receive_stock([StockReceipt(Warehouse.objects.get(code="GEN-E").pk, sku.pk, UNITS)])
    return sku


def _sell(sku: Sku) -> float:
    channel = Channel.objects.get(code=CHANNEL)
    payloads = OrderSource([(sku.code, sku.name, "10.00")]).take(BUYERS)
    shares = [payloads[n::THREADS] for n in range(THREADS)]
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda share: _buy(channel, share), shares))
    while validate_batch(500) + allocate_batch(500):
        pass
    return time.perf_counter() - started


def _buy(channel: Channel, payloads: list[dict[str, Any]]) -> None:
    try:
        for payload in payloads:
            receive(channel, [payload], source=IntakeSource.API, actor=SYSTEM, received_at=timezone.now())
            validate_batch(500)
            allocate_batch(500)
    finally:
        connection.close()


def _prove(sku: Sku) -> None:
    lines = FulfilmentLine.objects.filter(sku=sku)
    allocated = lines.filter(fulfilment__status=FulfilmentStatus.ALLOCATED).count()
    backordered = lines.filter(fulfilment__status=FulfilmentStatus.BACKORDERED).count()
    reserved = StockLevel.objects.get(sku=sku).reserved
    if (allocated, backordered, reserved) != (UNITS, BUYERS - UNITS, UNITS) or stock_differences():
        raise RuntimeError(f"{allocated} allocated, {backordered} backordered, {reserved} reserved of {UNITS} units")

"""Orders from the door to allocated stock, by two processes that share the work as two workers do."""

import os
import time
import traceback
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.payloads import OrderSource
from core.actor import SYSTEM
from core.memory import settle_memory
from orders.enums import IntakeSource
from orders.models import Channel, Order
from orders.services.allocate import allocate_batch
from orders.services.intake import receive
from orders.services.validate import validate_batch

BATCH = 500
PROCESSES = 2
START_SECONDS = 60
LONGEST_SECONDS = 300


def warm_up() -> None:
    """Settle as a worker does before its first order, then load what it loads once in its life: address data,
    phone metadata, rules."""
    settle_memory()
    take_and_allocate(OrderSource().take(BATCH))


def pipeline_rate(orders: int) -> float:
    """Orders a second from received payloads to allocated fulfilment orders, all through the product's services.

    Raises RuntimeError if one of them isn't allocated at the end.
    """
    payloads = OrderSource().take(orders)
    before = Order.objects.filter(allocated_at__isnull=False).count()
    connection.close()
    share = orders // PROCESSES
    context = get_context("fork")
    ready, done = context.Barrier(PROCESSES + 1), context.Barrier(PROCESSES + 1)
    workers = [
        context.Process(target=_work, args=(payloads[n * share : (n + 1) * share], ready, done), daemon=True)
        for n in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    ready.wait(START_SECONDS)
    started = time.perf_counter()
    done.wait(LONGEST_SECONDS)
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    allocated = Order.objects.filter(allocated_at__isnull=False).count() - before
    if allocated != share * PROCESSES:
        raise RuntimeError(f"{allocated} of {share * PROCESSES} orders were allocated")
    return share * PROCESSES / seconds


def take_and_allocate(payloads: list[dict[str, Any]]) -> None:
    """Receive in batches, then run the stages until nothing is due."""
    channel = Channel.objects.get(code="generated")
    for first in range(0, len(payloads), BATCH):
        batch = payloads[first : first + BATCH]
        receive(channel, batch, source=IntakeSource.API, actor=SYSTEM, received_at=timezone.now())
        validate_batch(BATCH)
        allocate_batch(BATCH)
    while validate_batch(BATCH) + allocate_batch(BATCH):
        pass


def _work(payloads: list[dict[str, Any]], ready: Barrier, done: Barrier) -> None:
    try:
        connection.ensure_connection()
        ready.wait(START_SECONDS)
        take_and_allocate(payloads)
        done.wait(LONGEST_SECONDS)
    except Exception:  # noqa: BLE001 - told to the parent, which raises
        traceback.print_exc()
        ready.abort()
        done.abort()
    finally:
        os._exit(0)  # a forked child has nothing of its parent's to tidy up

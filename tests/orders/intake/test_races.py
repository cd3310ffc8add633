"""Real threads on the real database: however many bring one order at once, there is one."""

import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from crm.models import Customer
from orders.enums import IntakeSource
from orders.models import Channel, IntakeMessage, Order, OrderHistory, OrderLine
from orders.services import intake_write
from orders.services.intake import IntakeResult, receive
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture(params=[False, True], ids=["inserted", "copied"], autouse=True)
def lines_are_copied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are copied before it is known which orders win their race."""
    monkeypatch.setattr(intake_write, "COPY_FROM_LINES", 1 if request.param else 1000)


def at_once(channel: Channel, batches: list[list[Any]]) -> list[list[IntakeResult]]:
    """Every batch in a thread of its own, all started together."""
    barrier = threading.Barrier(len(batches))
    results: list[list[IntakeResult]] = [[] for _ in batches]
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            results[place] = receive(
                channel, batches[place], source=IntakeSource.API, actor=SYSTEM, received_at=timezone.now()
            )
        except BaseException as error:  # noqa: BLE001 - reported below, in the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not errors, errors
    return results


def test_one_order_from_eight_sides() -> None:
    channel = make_channel()
    payload = order_payload("A")
    results = at_once(channel, [[payload]] * THREADS)
    assert Counter(batch[0].outcome.value for batch in results) == {"accepted": 1, "duplicate": THREADS - 1}
    assert len({batch[0].order_number for batch in results}) == 1
    assert (Order.objects.count(), OrderLine.objects.count(), OrderHistory.objects.count()) == (1, 2, 1)
    assert Customer.objects.count() == 1
    assert IntakeMessage.objects.get().seen_count == THREADS


def test_batches_that_overlap_in_opposite_orders_dont_block_each_other() -> None:
    channel = make_channel()
    payloads = [order_payload(f"A-{n}") for n in range(40)]
    results = at_once(channel, [payloads, payloads[::-1]] * 3)
    counts = Counter(result.outcome.value for batch in results for result in batch)
    assert counts == {"accepted": 40, "duplicate": 200}
    assert (Order.objects.count(), OrderLine.objects.count()) == (40, 80)


def test_different_contents_at_once_leave_one_of_them_whole() -> None:
    channel = make_channel()
    payload = order_payload("A")
    versions = [
        {**payload, "lines": [{"sku": f"S-{n}", "quantity": n, "unit_price": "1"}]} for n in range(1, THREADS + 1)
    ]
    results = at_once(channel, [[version] for version in versions])
    outcomes = Counter(batch[0].outcome.value for batch in results)
    assert outcomes["accepted"] == 1
    assert outcomes["rejected"] == 0
    order = Order.objects.get()
    (line,) = order.lines.all()
    assert order.unit_count == line.quantity
    assert order.total == line.quantity
    assert line.external_sku == f"S-{line.quantity}"

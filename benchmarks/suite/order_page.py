"""The order page: within a blink, and no dearer for an order of thirty lines."""

from collections.abc import Sequence
from statistics import median

from django.urls import reverse

from benchmarks.databases import use_orders
from benchmarks.pages import PageTimes, count_queries, signed_in, time_page
from benchmarks.payloads import OrderSource
from benchmarks.pipeline import take_and_allocate
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from orders.models import Order

LINES = (1, 30)
REQUESTS = 100


@benchmark("order_page")
def order_page(run: Run) -> Sequence[Result]:
    """The slowest twentieth of the requests, and how many statements a request takes."""
    use_orders(run.orders)
    paths = {lines: reverse("orders:order_detail", args=[_order(lines)]) for lines in LINES}
    client = signed_in()
    queries = {lines: count_queries(client, path) for lines, path in paths.items()}
    times: dict[int, list[PageTimes]] = {lines: [] for lines in LINES}
    for _round in range(run.rounds):
        for lines, path in paths.items():
            times[lines].append(time_page(client, path, REQUESTS))
    conditions = run.conditions(
        f"{run.orders:,} orders; allocated orders of 1 and of 30 lines, {REQUESTS} requests of each a round",
        "1 client, in process, prepared as gunicorn prepares its workers",
    )
    return [
        *(
            measured(
                f"order_page_{lines}_lines_p95" if lines > 1 else "order_page_1_line_p95",
                "ms",
                [round_.p95 for round_ in taken],
                at_most=20,
                conditions=conditions,
                details={
                    "median_ms": round(median(round_.median for round_ in taken), 2),
                    "median_cpu_ms": round(median(round_.median_cpu for round_ in taken), 2),
                    "queries": queries[lines],
                },
            )
            for lines, taken in times.items()
        ),
        measured(
            "order_page_queries", "statements", [queries[lines] for lines in LINES], at_most=8, conditions=conditions,
            details={f"{lines}_lines": queries[lines] for lines in LINES},
        ),
    ]  # fmt: skip


def _order(lines: int) -> int:
    """The id of a fresh order of so many lines that has gone through the pipeline."""
    source = OrderSource()
    (payload,) = source.take(1)
    payload["lines"] = [
        {"external_id": str(n), "sku": code, "name": name, "quantity": 1, "unit_price": price}
        for n, (code, name, price) in enumerate(source.skus[:lines], 1)
    ]
    payload["total"] = str(sum(float(price) for _code, _name, price in source.skus[:lines]))
    take_and_allocate([payload])
    return Order.objects.get(channel__code="generated", external_id=payload["external_id"]).pk

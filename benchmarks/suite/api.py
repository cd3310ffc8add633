"""One order per HTTP request, acknowledged once it is safe on disk."""

from collections.abc import Sequence
from statistics import median, quantiles

from django.db import connection

from benchmarks.databases import use_orders
from benchmarks.floor import FLOOR, floor_rate
from benchmarks.payloads import OrderSource
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from benchmarks.web import post, send_all, web_server
from core.accounts.services import create_api_key
from core.actor import SYSTEM
from ecom_admin.generated.catalogue import CHANNEL

CLIENTS = 8
WARM_UP = 100
REQUESTS_A_ROUND = 1500


@benchmark("api_single_order")
def api_single_order(run: Run) -> Sequence[Result]:
    """POST /api/v1/orders beside the hand-written transaction, and how long the slowest hundredth waits."""
    use_orders(run.orders)
    _key, token = create_api_key(name="Benchmark", actor=SYSTEM)
    path = f"/api/v1/orders?channel={CHANNEL}"
    rates, floors, slowest = [], [], []
    with web_server() as port:
        for number in range(run.rounds + 1):
            bodies = OrderSource().bodies(REQUESTS_A_ROUND if number else WARM_UP)
            connection.close()
            if number:
                floors.append(floor_rate(run.seconds))
            seconds, took = send_all(port, [post(path, token, body) for body in bodies], clients=CLIENTS, expect=b"202")
            if number:
                rates.append(len(took) / seconds)
                slowest.append(1000 * quantiles(took, n=100)[98])
    conditions = run.conditions(
        f"{run.orders:,} orders before; {REQUESTS_A_ROUND:,} two-line orders a round, each of a new customer",
        f"gunicorn 2 workers × 8 threads, {CLIENTS} clients on kept-alive connections; floor: {FLOOR}",
    )
    return [
        measured(
            "api_single_order", "orders/s", rates, floors=floors, at_least=0.15, conditions=conditions,
            details={"p99_ms": round(median(slowest), 1)},
        ),
        measured("api_single_order_p99", "ms", slowest, conditions=conditions),
    ]  # fmt: skip

"""Bulk intake: what files, marketplaces and backlogs bring."""

from collections.abc import Sequence

from benchmarks.databases import use_orders
from benchmarks.floor import FLOOR, floor_rate
from benchmarks.pipeline import BATCH, PROCESSES, pipeline_rate, warm_up
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured

ORDERS_A_ROUND = 10_000


@benchmark("bulk_intake_to_allocated")
def bulk_intake_to_allocated(run: Run) -> Sequence[Result]:
    """receive() in batches, then the validation and allocation stages, beside the hand-written transaction."""
    use_orders(run.orders)
    warm_up()
    rates, floors = [], []
    for _round in range(run.rounds):
        floors.append(floor_rate(run.seconds))
        rates.append(pipeline_rate(ORDERS_A_ROUND))
    conditions = run.conditions(
        f"{run.orders:,} orders before; {ORDERS_A_ROUND:,} two-line orders a round, each of a new customer",
        f"{PROCESSES} processes, batches of {BATCH}; floor: {FLOOR}",
    )
    return [measured("bulk_intake_to_allocated", "orders/s", rates, floors=floors, at_least=0.5, conditions=conditions)]

"""What an order costs when there are many: the pipeline with ten thousand and with a million orders in the tables."""

from collections.abc import Sequence
from statistics import median

from benchmarks.databases import orders_of_sizes, switch_to
from benchmarks.pipeline import BATCH, PROCESSES, pipeline_rate, warm_up
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured

ORDERS_A_ROUND = 5_000
SIZES = (10_000, 100_000)


@benchmark("cost_against_size")
def cost_against_size(run: Run) -> Sequence[Result]:
    """The pipeline's rate at each size, in turns; the smallest one is the floor."""
    sizes = sorted({*(size for size in SIZES if size < run.largest), run.largest})
    rates: dict[int, list[float]] = {size: [] for size in sizes}
    with orders_of_sizes(sizes, to_write=True) as names:
        for number in range(run.rounds):
            for size, name in names.items():
                switch_to(name)
                if number == 0:
                    warm_up()
                rates[size].append(pipeline_rate(ORDERS_A_ROUND))
        conditions = run.conditions(
            f"{' / '.join(f'{size:,}' for size in sizes)} orders before; {ORDERS_A_ROUND:,} orders a round",
            f"{PROCESSES} processes, batches of {BATCH}; floor: the same with {sizes[0]:,} orders before",
        )
    return [
        measured(
            "cost_against_size",
            "orders/s",
            rates[sizes[-1]],
            floors=rates[sizes[0]],
            at_least=0.8,
            conditions=conditions,
            details={f"orders_a_second_at_{size}": round(median(found), 1) for size, found in rates.items()},
        )
    ]

"""The order list: as fast with a million orders as with ten thousand."""

from collections.abc import Mapping, Sequence

from django.db.models import Max, Min
from django.urls import reverse

from benchmarks.databases import orders_of_sizes, switch_to
from benchmarks.pages import PageTimes, count_queries, signed_in, time_page
from benchmarks.registry import Run, benchmark
from benchmarks.results import Result, measured
from core.ui.keyset import Cursor, encode_cursor
from orders.models import Order

SMALL = 10_000
REQUESTS = 15


@benchmark("orders_list")
def orders_list(run: Run) -> Sequence[Result]:
    """Server time of the list's pages at both sizes, in turns; the smaller one is the floor."""
    small, large = min(SMALL, run.largest), run.largest
    times: dict[str, dict[int, list[PageTimes]]] = {}
    queries: dict[str, dict[str, int]] = {}
    with orders_of_sizes([small, large], to_write=False) as names:
        for number in range(run.rounds):
            for size, name in names.items():
                switch_to(name)
                client = signed_in()
                for view, path in _views().items():
                    times.setdefault(view, {}).setdefault(size, []).append(time_page(client, path, REQUESTS))
                    if number == 0:
                        queries.setdefault(view, {})[f"queries_at_{size}"] = count_queries(client, path)
        conditions = run.conditions(
            f"{small:,} and {large:,} orders", "1 client, in process, as gunicorn prepares it; 50 rows a page"
        )
    return [_result(view, taken, small, large, queries[view], conditions) for view, taken in times.items()]


def _views() -> dict[str, str]:
    """Addresses by name. The deep page follows the list's own "next" from its middle."""
    path = reverse("orders:order_list")
    ends = Order.objects.aggregate(first=Min("pk"), last=Max("pk"))
    middle = Order.objects.filter(pk__gte=(ends["first"] + ends["last"]) // 2).order_by("pk")[0]
    return {
        "first": f"{path}?sort=-id",
        "filtered": f"{path}?status=shipped&status=partially_shipped&sort=-placed_at",
        "search": f"{path}?q={middle.number[:-1]}",
        "deep": f"{path}?sort=-placed_at&after={encode_cursor(Cursor(middle.placed_at, middle.pk))}",
        "counts": f"{path}?counts=1",
    }


def _result(
    view: str,
    taken: Mapping[int, Sequence[PageTimes]],
    small: int,
    large: int,
    queries: Mapping[str, int],
    conditions: dict[str, object],
) -> Result:
    cpu = {f"cpu_ms_at_{size}": round(min(round_.median_cpu for round_ in taken[size]), 2) for size in (small, large)}
    return measured(
        f"orders_list_{view}",
        "ms",
        [round_.median for round_ in taken[large]],
        floors=[round_.median for round_ in taken[small]],
        at_most=1.5,
        conditions=conditions,
        details={**queries, **cpu},
    )

"""The benchmarks by name, and what each of them is given."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.db import connection

from benchmarks.results import Result


@dataclass(frozen=True, slots=True)
class Run:
    """How much to measure. `rounds` of everything; `orders` in the tables before; `largest` for what must not grow."""

    rounds: int = 3
    seconds: float = 5.0
    orders: int = 100_000
    largest: int = 1_000_000
    shared: Path = Path(__file__).resolve().parents[2] / "shared"

    def conditions(self, data: str, concurrency: str) -> dict[str, object]:
        """What a result states about how it came to be; durability is asked of the server, not assumed."""
        with connection.cursor() as cursor:
            durability = {}
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                durability[name] = cursor.fetchone()[0]
        return {
            "data": data,
            "concurrency": concurrency,
            "durability": durability,
            "cores": os.cpu_count(),
            "load_before": round(psutil.getloadavg()[0], 1),
        }


Benchmark = Callable[[Run], Sequence[Result]]
_benchmarks: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Benchmark], Benchmark]:
    """Make a function known under the name that `make bench ONLY=name` takes."""

    def register(function: Benchmark) -> Benchmark:
        _benchmarks[name] = function
        return function

    return register


def benchmarks() -> dict[str, Benchmark]:
    """All of them, in the order in which they run."""
    return dict(_benchmarks)


def say(text: str) -> None:
    """A line on the screen, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

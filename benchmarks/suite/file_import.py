"""A year's file of orders, imported and validated."""

import csv
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.db import connection

from benchmarks.databases import use_orders
from benchmarks.registry import Run, benchmark, say
from benchmarks.results import Result, measured

WHOLE = "data/orders/uci_online_retail_to_2011-08.csv.gz"
EXCERPT = "examples/uci_excerpt.csv"
# A COPY takes a third of a second, an import some fifteen: one alone says little of the minute around it.
COPIES_AROUND_IMPORT = 3


@benchmark("file_import")
def file_import(run: Run) -> Sequence[Result]:
    """Rows a second from the file to validated orders beside COPY of the same file; the process's peak memory."""
    path = run.shared / WHOLE
    if not path.is_file():
        path = Path(settings.BASE_DIR) / EXCERPT
        say(f"{WHOLE} isn't here: measuring with {EXCERPT}")
    use_orders(run.orders)
    rates, floors, peaks, alone = [], [], [], []
    found: dict[str, Any] = {}
    for number in range(run.rounds):
        floors += _copy_rates(path)
        found = _import(path, f"import-{number}")
        floors += _copy_rates(path)
        rates.append(found["rows"] / found["seconds"])
        alone.append(found["rows"] / found["import_seconds"])
        peaks.append(found["peak_mb"])
    conditions = run.conditions(
        f"{path.name}, {found['rows']:,} rows, with a catalogue made from it; {run.orders:,} orders before",
        "1 process with 5 threads, of which 2 take batches by turns; "
        "floor: COPY of the same file into one table of text columns, "
        f"{COPIES_AROUND_IMPORT} times before and after each import",
    )
    return [
        measured(
            "file_import", "rows/s", rates, floors=floors, at_least=0.02, conditions=conditions,
            details={"account": found["message"], "of_the_job_alone": [round(rate) for rate in alone]},
        ),
        measured("file_import_peak_memory", "MB", peaks, at_most=400, conditions=conditions),
    ]  # fmt: skip


def _import(path: Path, channel: str) -> dict[str, Any]:
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.importing", str(path), channel],
        cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


def _copy_rates(path: Path) -> list[float]:
    rates = [_copy_rate(path) for _number in range(COPIES_AROUND_IMPORT)]
    connection.close()
    return rates


def _copy_rate(path: Path) -> float:
    """Rows a second of COPY, unpacking included."""
    with _open(path) as text:
        columns = next(csv.reader([text.readline().decode()]))
    with connection.cursor() as cursor, _open(path) as text:
        cursor.execute("DROP TABLE IF EXISTS staging")
        cursor.execute(f"CREATE TABLE staging ({', '.join(f'c{n} text' for n in range(len(columns)))})")
        started = time.perf_counter()
        cursor.cursor.copy_expert("COPY staging FROM STDIN (FORMAT csv, HEADER true)", text)
        seconds = time.perf_counter() - started
        return float(cursor.cursor.rowcount / seconds)


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")

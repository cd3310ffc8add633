"""What the product takes of a machine: memory while nothing happens, seconds until a seeded demo answers."""

import http.client
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection

from benchmarks.databases import use_orders
from benchmarks.processes import free_port, memory_mb, running, wait_for_port
from benchmarks.registry import Run, benchmark, say
from benchmarks.results import Result, measured
from benchmarks.web import get, send_all
from ecom_admin.demo import COMMANDS

PROCESSES = ("web", "worker", "beat")
SETTLE_SECONDS = 20
REQUESTS = 40
FIRST_START_SECONDS = 900
LONGEST_SECONDS = 120


@benchmark("idle_memory")
def idle_memory(run: Run) -> Sequence[Result]:
    """Web, worker and beat as the demo starts them, after some requests and some turns of the clock."""
    use_orders(min(run.orders, 10_000))
    connection.close()
    totals: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in PROCESSES}
    for _round in range(run.rounds):
        port = free_port()
        environment = {"PORT": str(port), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
        with ExitStack() as stack:
            started = {name: stack.enter_context(running(COMMANDS[name], environment)) for name in PROCESSES}
            wait_for_port(port, started["web"])
            send_all(port, [get("/login/"), get("/track/")] * (REQUESTS // 2), clients=4, expect=b"200")
            time.sleep(SETTLE_SECONDS)
            for name, process in started.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended with code {process.returncode}")
                parts[name].append(memory_mb(process.pid))
        totals.append(sum(found[-1] for found in parts.values()))
    return [
        measured(
            "idle_memory", "MB", totals, at_most=500,
            conditions=run.conditions(
                f"{min(run.orders, 10_000):,} orders; {REQUESTS} pages before, then {SETTLE_SECONDS} s of the clock",
                "gunicorn 2 workers × 8 threads, celery worker with 2 processes, beat; proportional set size",
            ),
            details={f"{name}_mb": round(median(found), 1) for name, found in parts.items()},
        )
    ]  # fmt: skip


@benchmark("demo_warm_start")
def demo_warm_start(run: Run) -> Sequence[Result]:
    """`make demo` where everything is installed and seeded, until the log-in page answers."""
    use_orders(min(run.orders, 10_000))  # only so that there is a server to ask for its durability
    connection.close()
    folder = Path(settings.DATA_DIR) / "demo"
    first = None
    if not (folder / "seeded").exists():
        say("Seeding a demo (kept for later runs)")
        shutil.rmtree(folder, ignore_errors=True)
        first = _start(folder, FIRST_START_SECONDS)
        (folder / "seeded").touch()
    seconds = [_start(folder, LONGEST_SECONDS) for _round in range(run.rounds)]
    return [
        measured(
            "demo_warm_start", "s", seconds, at_most=15,
            conditions=run.conditions(
                "the demo's own", "PostgreSQL, Redis, web, worker, beat, sandbox and feed start together"
            ),
            details={} if first is None else {"cold_start_s": round(first, 1)},
        )
    ]  # fmt: skip


def _start(folder: Path, seconds: float) -> float:
    """Seconds from the command to the first page."""
    port = free_port()
    environment = {"ECOM_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "ecom_admin.settings", "PORT": str(port)}
    started = time.perf_counter()
    with running((sys.executable, "-m", "ecom_admin.demo"), environment) as process:
        wait_for_port(port, process, seconds)
        _get_login(port)
        return time.perf_counter() - started


def _get_login(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_SECONDS)
    client.request("GET", "/login/")
    status = client.getresponse().status
    client.close()
    if status != http.HTTPStatus.OK:
        raise RuntimeError(f"The log-in page answered {status}")

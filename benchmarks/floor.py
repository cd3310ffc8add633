"""The floor: a two-line order as seven hand-written statements in one transaction, driven by pgbench."""

import os
import re
import subprocess
from pathlib import Path

from django.conf import settings

from benchmarks import databases
from ecom_admin.embedded.paths import Paths

HERE = Path(__file__).parent
DATABASE = "floor"
CLIENTS = 8
FLOOR = "pgbench -M prepared, 8 clients: customer, order, 2 lines, 2 conditional stock updates, 2 ledger rows"


def floor_rate(seconds: float, *, skus: int = 1000) -> float:
    """Orders a second of the hand-written transaction, on the server that the product uses; `skus` share the demand."""
    databases.make_once(DATABASE, (HERE / "floor.sql").read_text())
    place = settings.DATABASES["default"]
    command = [
        str(Paths(settings.DATA_DIR).postgres_bin / "pgbench"),
        "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(seconds))),
        "-D", f"skus={skus}", "-f", str(HERE / "floor_order.pgbench"),
        "-h", place["HOST"], "-p", place["PORT"], "-U", place["USER"], DATABASE,
    ]  # fmt: skip
    environment = os.environ | {"PGPASSWORD": place["PASSWORD"]}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"tps = ([0-9.]+)", answer.stdout)
    if answer.returncode or not found:
        raise RuntimeError(f"pgbench failed: {answer.stderr[-2000:]}")
    return float(found[1])

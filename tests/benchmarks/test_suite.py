"""Every benchmark runs through with tiny amounts, so that none of them rots unseen. The figures mean nothing here."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

AMOUNTS = {
    "api": {"REQUESTS_A_ROUND": 20, "WARM_UP": 4},
    "bulk": {"ORDERS_A_ROUND": 40},
    "file_import": {"WHOLE": "absent"},
    "growth": {"SIZES": [1000], "ORDERS_A_ROUND": 40},
    "hot_sku": {"BUYERS": 30, "UNITS": 10},
    "lists": {"SMALL": 1000, "REQUESTS": 2},
    "order_page": {"REQUESTS": 2},
    "start": {"SETTLE_SECONDS": 1, "REQUESTS": 4},
    "tracking_page": {"WARM_UP": 4, "PAGES_A_ROUND": 20, "PARCELS": 10},
    "tracking_poll": {"PARCELS": 10, "CLAIMS_A_ROUND": 2},
}
FOUND = {
    "bulk_intake_to_allocated", "api_single_order", "api_single_order_p99", "hot_sku", "file_import",
    "file_import_peak_memory", "orders_list_first", "orders_list_filtered", "orders_list_search", "orders_list_deep",
    "orders_list_counts", "order_page_1_line_p95", "order_page_30_lines_p95", "order_page_queries",
    "public_tracking_page", "public_tracking_page_weight", "tracking_poll", "tracking_poll_due", "idle_memory",
    "cost_against_size",
}  # fmt: skip

# All but demo_warm_start: seeding a demo takes minutes.
TINY_RUN = """
import json, os, sys
from importlib import import_module
os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
import django
django.setup()
for module, amounts in json.loads(os.environ["AMOUNTS"]).items():
    for name, amount in amounts.items():
        suite = import_module("benchmarks.suite." + module)
        getattr(suite, name)
        setattr(suite, name, amount)
from benchmarks import __main__, registry
del registry._benchmarks["demo_warm_start"]
sys.exit(__main__.main())
"""


def test_every_benchmark_runs_through(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    answer = subprocess.run(
        [sys.executable, "-c", TINY_RUN, "--rounds=1", "--seconds=1", "--orders=1000", "--largest=1200",
         f"--output={output}"],
        cwd=settings.BASE_DIR, env=os.environ | {"AMOUNTS": json.dumps(AMOUNTS)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "Traceback" not in answer.stderr, answer.stderr[-4000:]
    results = {entry["name"]: entry for entry in json.loads(output.read_text())}
    assert set(results) == FOUND
    for entry in results.values():
        assert entry["value"] > 0
        assert entry["rounds"] >= 1
        assert {"data", "concurrency", "durability"} <= set(entry["conditions"])
        assert entry["conditions"]["durability"]["synchronous_commit"] == "on"

"""The product's own settings on servers and databases of the benchmarks' own; durability as in the product."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
data_dir = Path(os.environ.get("ECOM_DATA_DIR") or BASE_DIR / "var")
if data_dir.name != "bench":  # processes that a benchmark starts inherit the changed variable
    os.environ["ECOM_DATA_DIR"] = str(data_dir / "bench")
for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "ENVIRONMENT", "API_REQUESTS_PER_MINUTE", "STATIC_ROOT"):
    os.environ.pop(name, None)
os.environ.setdefault("LOG_LEVEL", "WARNING")

from ecom_admin.settings import *  # noqa: E402, F403
from ecom_admin.settings import DATABASES  # noqa: E402

WORK_DATABASE = "work"
DATABASES["default"]["NAME"] = os.environ.get("BENCH_DATABASE", WORK_DATABASE)
ROOT_URLCONF = "benchmarks.urls"

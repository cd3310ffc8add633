"""`python -m benchmarks.importing FILE CHANNEL`: import a file and validate it, in a process of its own.

Prints {"rows", "seconds", "import_seconds", "peak_mb", "message"} as JSON; the peak is of this process alone.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"


def main(path: Path, code: str) -> None:
    """Make the channel, its catalogue, its orders, and validate them all."""
    import django  # noqa: PLC0415 - settings are chosen above
    from django.conf import settings  # noqa: PLC0415

    django.setup()
    import_module(settings.ROOT_URLCONF)  # as a worker has before it takes its first job (ecom_admin.celery)
    from core.actor import SYSTEM  # noqa: PLC0415
    from core.jobs.running import run_job  # noqa: PLC0415
    from core.memory import settle_memory  # noqa: PLC0415
    from orders.enums import ChannelKind  # noqa: PLC0415
    from orders.importing.presets import PRESETS  # noqa: PLC0415
    from orders.services.channels import create_channel  # noqa: PLC0415
    from orders.services.import_start import start_import  # noqa: PLC0415
    from orders.services.validate import validate_batch  # noqa: PLC0415

    settle_memory()
    preset = PRESETS["uci"]
    channel = create_channel(code=code, values={**preset.channel, "kind": ChannelKind.FILE}, actor=SYSTEM)
    started = time.perf_counter()
    queued = start_import(
        channel=channel, path=path, name=path.name, mapping=preset.mapping, actor=SYSTEM,
        catalogue={"opening_stock": 0, "warehouse": ""},
    )  # fmt: skip
    job = run_job(queued.pk)
    if job is None or job.status != "done":
        raise RuntimeError(f"The import ended as {job and job.status}: {job and job.message}")
    imported = time.perf_counter()
    while validate_batch(500):
        pass
    result = {
        "rows": job.succeeded + job.failed + job.skipped,
        "seconds": time.perf_counter() - started,
        "import_seconds": imported - started,
        "peak_mb": _peak_mb(),
        "message": job.message,
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _peak_mb() -> float:
    """VmHWM; getrusage's ru_maxrss would begin with the size of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

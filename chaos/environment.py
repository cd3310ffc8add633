"""Where a run lives: a data directory, servers and ports of its own."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from ecom_admin import embedded
from ecom_admin.embedded.paths import DATABASE, ROLE, Paths

BASE_DIR = Path(__file__).resolve().parent.parent
OFFSET_FILE = "CHAOS_CLOCK"
STACKS_SIGNAL = signal.SIGRTMIN + 5
# What a developer has set for other runs must not change this one.
OTHERS = (
    *("ALLOWED_HOSTS", "API_REQUESTS_PER_MINUTE", "BIND", "CSRF_TRUSTED_ORIGINS", "DEBUG", "DEFAULT_FROM_EMAIL"),
    *("DISPLAY_TIME_ZONE", "ECOM_TEST_DATABASE", "ENVIRONMENT", "FIELD_ENCRYPTION_KEYS", "LANGUAGE_CODE"),
    *("MEDIA_ROOT", "METRICS_TOKEN", "OUTGOING_ALLOWED_HOSTS", "SECRET_KEY", "STALE_WORK_SECONDS", "STATIC_ROOT"),
    *("TRUSTED_PROXIES", "WEB_CONCURRENCY", "WEB_THREADS"),
)


def prepare() -> Path:
    """Set this process's environment, which the product's processes inherit; returns the data directory.

    The servers look like external ones (DATABASE_URL, REDIS_URL), so that no process of the product starts or
    stops them: only the run does.
    """
    for name in OTHERS:
        os.environ.pop(name, None)
    data_dir = Path(os.environ.get("ECOM_DATA_DIR") or BASE_DIR / "var").resolve() / "chaos"
    embedded.make_dir(data_dir, 0o755)
    paths = Paths(data_dir)
    web, sandbox, mail = free_ports(3)
    clock = data_dir / "clock"
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "chaos.settings",
        "ECOM_DATA_DIR": str(data_dir),
        "DATABASE_URL": (
            f"postgresql://{ROLE}:{quote(paths.password())}@/{DATABASE}?host={quote(str(paths.run_dir), safe='')}"
        ),
        "REDIS_URL": embedded.redis_url(data_dir),
        "PORT": str(web),
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{web}",
        "CARRIER_SANDBOX_PORT": str(sandbox),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        OFFSET_FILE: str(clock),
    }
    return data_dir


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()

"""Settings of gunicorn: `gunicorn -c ecom_admin/gunicorn.py ecom_admin.wsgi`."""

import os
from typing import Any

from core.memory import settle_memory

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "ecom_admin.web_worker.FairThreadWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
loglevel = os.environ.get("LOG_LEVEL", "INFO")
preload_app = True  # the workers share the code's memory
timeout = 60
graceful_timeout = 10
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True


def when_ready(_server: Any) -> None:
    """Everything is imported, and the workers are about to be forked."""
    settle_memory()

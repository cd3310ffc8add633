"""Settings of gunicorn: `gunicorn -c ecom_admin/gunicorn.py ecom_admin.wsgi`."""

import os
from contextlib import suppress
from typing import Any

from core.memory import settle_memory
from core.postgres.base import DatabaseWrapper

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


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the processor that the worker will keep to, where each has one of its own (docs/adr/0029)."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    worker.processor = None
    if len(usable) == server.num_workers:
        by_age = sorted(server.WORKERS.values(), key=lambda it: it.age)
        staying = by_age[max(0, len(by_age) + 1 - server.num_workers) :]  # gunicorn ends the oldest of too many
        taken = {getattr(other, "processor", None) for other in staying}
        worker.processor = next(it for it in usable if it not in taken)


def post_fork(_server: Any, worker: Any) -> None:
    """Keep to it, with every thread that is started from now on, if the system lets us."""
    if worker.processor is not None:
        with suppress(OSError):
            os.sched_setaffinity(0, {worker.processor})


def post_worker_init(_worker: Any) -> None:
    """No statement of a request goes on without an end; those of jobs and commands may."""
    DatabaseWrapper.answers_requests = True

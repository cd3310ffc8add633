"""Processes that a benchmark starts and ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import psutil
from django.conf import settings

from ecom_admin.processes import end_with_parent

STOP_SECONDS = 60
LONGEST_START_SECONDS = 300


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A command in the product's folder while the block runs; it is asked to stop, and ends with this process."""
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", seconds: float = LONGEST_START_SECONDS) -> None:
    """Return as soon as a server takes connections. Raises RuntimeError if it ends or takes too long."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} didn't start.")


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and its descendants: shared pages count by their share."""
    top = psutil.Process(pid)
    return sum(process.memory_full_info().pss for process in [top, *top.children(recursive=True)]) / 1e6

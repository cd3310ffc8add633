"""A real worker is killed: /readyz says so, and is green again once another runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from core import readiness
from tests.waiting import wait_until

PATIENCE_SECONDS = 8.0
LONGEST_SECONDS = 90.0


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker with beat, as a process group of its own."""
    command = [
        sys.executable, "-m", "celery", "-A", "ecom_admin", "worker", "--beat", "--concurrency=1",
        "--without-mingle", "--without-gossip", "--loglevel=info",
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_seen_and_so_is_the_next(
    child_environment: dict[str, str], client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "WORK_SEEN_SECONDS", PATIENCE_SECONDS)
    log = tmp_path / "worker.log"

    def workers_check() -> tuple[int, bool]:
        readiness.forget()
        answer = client.get("/readyz")
        return answer.status_code, answer.json()["checks"]["workers"]["ok"]

    def eventually(wanted: tuple[int, bool]) -> None:
        wait_until(
            lambda: workers_check() == wanted,
            lambda: f"{workers_check()}\n{log.read_text()[-4000:]}",
            seconds=LONGEST_SECONDS,
            pause=0.2,
        )

    with worker(child_environment, log) as process:
        eventually((200, True))
        kill(process)
        eventually((503, False))
    with worker(child_environment, log):
        eventually((200, True))

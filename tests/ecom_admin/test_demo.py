"""The supervisor of `make demo`: nothing stays behind, a crash is reported and stops the rest."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

# The supervisor with children that need no installation: two that stay and one as the test wants it.
DRIVER = """
import sys
from pathlib import Path
from ecom_admin import demo
stay = (sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1])
demo.COMMANDS = {"first": stay, "second": stay, "third": (sys.executable, "-c", sys.argv[3], sys.argv[1])}
demo.Demo.prepare = lambda self: print("preparing", flush=True) or 0
demo.STOP_SECONDS = 1
sys.exit(demo.Demo(Path(sys.argv[1]), int(sys.argv[2])).run())
"""
STAY = "import time; time.sleep(600)"
CRASH = "import sys, time; time.sleep(1); print('the last words'); sys.exit(3)"
DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1], "deaf").touch()
time.sleep(600)
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def demo(data_dir: Path, port: int) -> Callable[[str], subprocess.Popen[str]]:
    def start(third: str) -> subprocess.Popen[str]:
        # External servers, so that only the supervisor is tried here.
        environment = os.environ | {"DATABASE_URL": "postgresql://x/x", "REDIS_URL": "redis://x"}
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(data_dir), str(port), third],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def children(data_dir: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["cmdline"]
        and process.info["cmdline"][-1] == str(data_dir)
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def wait_for_children(data_dir: Path, count: int) -> None:
    wait_until(
        lambda: len(children(data_dir)) == count,
        lambda: f"{len(children(data_dir))} children instead of {count}",
    )


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(demo, data_dir, stop_signal):
    running = demo(STAY)
    wait_for_children(data_dir, 3)
    running.send_signal(stop_signal)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert output.startswith("preparing")
    assert children(data_dir) == []


def test_a_child_that_ignores_the_signal_is_killed(demo, data_dir):
    running = demo(DEAF)
    wait_for_children(data_dir, 3)
    wait_until((data_dir / "deaf").exists)
    running.terminate()
    output, _ = running.communicate(timeout=60)
    assert "third didn't stop in time" in output
    assert children(data_dir) == []


def test_a_crash_is_reported_and_stops_the_rest(demo, data_dir):
    running = demo(CRASH)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "third ended with code 3" in output
    assert "the last words" in output
    assert children(data_dir) == []


def test_nothing_outlives_a_killed_supervisor(demo, data_dir):
    running = demo(STAY)
    wait_for_children(data_dir, 3)
    running.kill()
    running.communicate()
    wait_for_children(data_dir, 0)


def test_a_taken_port_is_named_before_anything_starts(demo, data_dir, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        running = demo(STAY)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert f"Port {port} is taken" in output
    assert children(data_dir) == []

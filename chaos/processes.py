"""The product's processes, kept running as a container engine with `restart: always` would."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil

from chaos.environment import BASE_DIR, STACKS_SIGNAL
from ecom_admin import demo
from ecom_admin.processes import end_with_parent

LOOK_SECONDS = 0.1
SHORTEST_LIFE_SECONDS = 1.0
STOP_SECONDS = 20
TAIL_LINES = 80
SANDBOX = (*demo.MANAGE, "carrier_sandbox", "--db", ":memory:", "--speed")


class Process:
    """One service: a process group that dies and is started as a whole, as a container does."""

    def __init__(self, name: str, command: tuple[str, ...], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.starts = 0
        self.wanted = False
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        self.wanted = True
        self.keep()

    def keep(self) -> None:
        """Start it if it should run and doesn't."""
        with self._lock:
            if not self.wanted or (self._process is not None and self._process.poll() is None):
                return
            if time.monotonic() - self._started_at < SHORTEST_LIFE_SECONDS:
                return
            self._kill_group()
            self._process = subprocess.Popen(  # noqa: S603
                self.command,
                cwd=BASE_DIR,
                env=os.environ | {"PGAPPNAME": self.name},  # PostgreSQL shows whose session is whose
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509
            )
            self._started_at = time.monotonic()
            self.starts += 1
            threading.Thread(target=self._collect, args=(self._process,), daemon=True).start()

    def tree(self) -> list[psutil.Process]:
        """The first process and its descendants; empty while it is down."""
        process = self._process
        if process is None or process.poll() is not None:
            return []
        try:
            first = psutil.Process(process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> int:
        """kill -9 for the whole group; returns how many processes it had."""
        with self._lock:
            count = len(self.tree())
            self._kill_group()
            return count

    def stop(self) -> None:
        self.wanted = False
        process = self._process
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with self._lock:
            self._kill_group()
        process.wait()

    def say_stacks(self) -> None:
        """Have every process write to the log what each of its threads does."""
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(STACKS_SIGNAL)

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- {self.name} ({self.log})", *lines[-TAIL_LINES:]])

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _collect(self, process: "subprocess.Popen[bytes]") -> None:
        """Write what it says to its log: through a pipe, so that a full disk of the process isn't its log's."""
        if process.stdout is None:
            return
        with self.log.open("ab") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()


class Supervisor:
    """Web, worker, beat and the carriers' sandbox."""

    def __init__(self, data_dir: Path, *, sandbox_speed: float) -> None:
        folder = data_dir / "log"
        commands = {
            "sandbox": (*SANDBOX, str(sandbox_speed)),
            "web": demo.COMMANDS["web"],
            "worker": demo.COMMANDS["worker"],
            "beat": (sys.executable, "-m", "celery", "-A", "ecom_admin", "beat", "--loglevel=warning"),
        }
        self.processes = {name: Process(name, command, folder / f"{name}.log") for name, command in commands.items()}
        for process in self.processes.values():
            process.log.unlink(missing_ok=True)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        for process in self.processes.values():
            process.start()
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join()
            for process in reversed(self.processes.values()):
                process.stop()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            for process in self.processes.values():
                process.keep()

    def logs(self) -> str:
        """The ends of all logs, with what every process does right now."""
        for name in ("web", "worker", "beat"):
            self[name].say_stacks()
        time.sleep(0.5)
        return "\n\n".join(process.tail() for process in self.processes.values())

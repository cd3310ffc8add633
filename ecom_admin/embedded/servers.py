"""Starting and stopping one embedded PostgreSQL and one embedded Redis."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import IO

import psutil

from ecom_admin.embedded.paths import DATABASE, POSTGRES_PORT, ROLE, EmbeddedError, Paths, make_dir
from ecom_admin.env import boolean
from ecom_admin.processes import end_with_parent

# On a busy disk PostgreSQL's last checkpoint takes minutes; who cuts it short has it read every file at the next start.
START_SECONDS = 600
STOP_SECONDS = 300
POLL_SECONDS = 0.02

# Sane for a developer's machine with 2 cores. Durability stays on: a demo's orders survive a power cut.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "5min",  # nobody's forgotten transaction holds the others up for ever
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}

# With ECOM_WAL_ARCHIVE=1 every finished piece of the log is kept beside the data, for recovery to a point in time. A
# copy that a crash left half-made is made again, one that is there already is fine; another file is never replaced.
ARCHIVE_SETTINGS = {
    "archive_mode": "on",
    "archive_timeout": "60",
    "archive_command": "cmp -s %p {folder}/%f || "
    "(test ! -f {folder}/%f && cp %p {folder}/%f.part && sync {folder}/%f.part && mv {folder}/%f.part {folder}/%f)",
}

REDIS_CONFIG = """
port 0
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
dir "{folder}"
save ""
appendonly no
daemonize no
loglevel notice
"""


class Server:
    """A server that runs as a child of the keeper."""

    name = ""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    def start(self) -> None:
        """Start it and return when it answers."""
        self.process = None
        self.clear_leftovers()
        with (self.paths.log_dir / f"{self.name}.log").open("ab") as log:
            self.process = self.launch(log)
        self.started_at = time.monotonic()
        self._wait_until(self.answers, START_SECONDS)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    stop_signal = signal.SIGTERM

    def launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def clear_leftovers(self) -> None:
        """Stop what a keeper that was killed may have left running."""

    def run(self, command: list[str], log: IO[bytes], stdin: bytes | None = None) -> subprocess.Popen[bytes]:
        user = self.paths.user
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=self.paths.home,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=log,
            stderr=log,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            process_group=0,
            preexec_fn=partial(end_with_parent, self.stop_signal),  # noqa: PLW1509
        )
        if stdin is not None and process.stdin is not None:
            with process.stdin as pipe:
                pipe.write(stdin)
        return process

    def _wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while not ready():
            if self.process is not None and self.process.poll() is not None:
                raise EmbeddedError(f"{self.name} ended with code {self.process.returncode}. {self._log_tail()}")
            if time.monotonic() > give_up_at:
                raise EmbeddedError(f"{self.name} didn't answer within {seconds} s. {self._log_tail()}")
            time.sleep(POLL_SECONDS)

    def _log_tail(self) -> str:
        path = self.paths.log_dir / f"{self.name}.log"
        lines = path.read_text(errors="replace").splitlines()[-5:] if path.exists() else []
        return "\n".join([f"See {path}:", *lines])


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: sessions are ended, then a checkpoint

    def launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        if not self.paths.postgres_data.exists():
            self._create(log)
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": str(self.paths.run_dir)}
        if boolean("ECOM_WAL_ARCHIVE", False):
            settings |= self._archive()
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self.run(
            [
                str(self.paths.postgres_bin / "postgres"),
                "-D", str(self.paths.postgres_data),
                "-p", str(POSTGRES_PORT),
                *options,
            ],
            log,
        )  # fmt: skip

    def _archive(self) -> dict[str, str]:
        make_dir(self.paths.wal_archive, 0o700)
        if self.paths.user is not None:
            os.chown(self.paths.wal_archive, self.paths.user.pw_uid, self.paths.user.pw_gid)
        # Relative to the data directory, where the server runs it: no path to quote.
        folder = os.path.relpath(self.paths.wal_archive, self.paths.postgres_data)
        return {name: value.replace("{folder}", folder) for name, value in ARCHIVE_SETTINGS.items()}

    def answers(self) -> bool:
        """Whether start-up is through: line 8 of postmaster.pid, which pg_ctl reads too."""
        try:
            lines = (self.paths.postgres_data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            self.process is not None
            and len(lines) >= 8
            and lines[0] == str(self.process.pid)
            and lines[7].strip() == "ready"
        )

    def clear_leftovers(self) -> None:
        """End what outlived its keeper and take away its lock files.

        PostgreSQL itself refuses a lock file whose process number exists, be it a zombie's or another
        program's by now. Only the keeper starts servers, so without a process in the data directory the files
        are stale; and no second postmaster may start while a backend of the first still writes.
        """
        socket_lock = self.paths.run_dir / f".s.PGSQL.{POSTGRES_PORT}.lock"
        lock_files = [self.paths.postgres_data / "postmaster.pid", socket_lock]
        if not any(file.exists() for file in lock_files):
            return
        for process in self._processes():
            process.send_signal(signal.SIGQUIT)
        self._wait_until(lambda: not self._processes(), STOP_SECONDS)
        for file in lock_files:
            file.unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        """Live processes that work in the data directory, which every PostgreSQL process does."""
        place = str(self.paths.postgres_data)
        return [
            process
            for process in psutil.process_iter(["cwd", "status"])
            if process.info["cwd"] == place and process.info["status"] != psutil.STATUS_ZOMBIE
        ]

    def _create(self, log: IO[bytes]) -> None:
        """Make the database cluster beside its place and move it there whole."""
        partial = self.paths.home / "postgres.new"
        shutil.rmtree(partial, ignore_errors=True)
        password_file = self.paths.home / "password.new"
        password_file.touch(0o600)
        password_file.write_text(self.paths.password())
        if self.paths.user is not None:
            os.chown(password_file, self.paths.user.pw_uid, self.paths.user.pw_gid)
        try:
            self._create_in(partial, str(password_file), log)
        finally:
            password_file.unlink()
        partial.rename(self.paths.postgres_data)

    def _create_in(self, folder: object, password_file: str, log: IO[bytes]) -> None:
        initdb = [
            str(self.paths.postgres_bin / "initdb"),
            "-D", str(folder),
            "-U", ROLE,
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]  # fmt: skip
        if self.run(initdb, log).wait() != 0:
            raise EmbeddedError(f"initdb failed. {self._log_tail()}")
        single = self.run(
            [str(self.paths.postgres_bin / "postgres"), "--single", "-D", str(folder), "postgres"],
            log,
            f"CREATE DATABASE {DATABASE}\n".encode(),
        )
        if single.wait() != 0:
            raise EmbeddedError(f"The database {DATABASE} couldn't be made. {self._log_tail()}")


class Redis(Server):
    """Broker and cache. Nothing in it is kept: PostgreSQL knows what is due."""

    name = "redis"

    def launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        config = REDIS_CONFIG.format(
            socket=self.paths.redis_socket, password=self.paths.password(), folder=self.paths.home
        )
        return self.run([str(self.paths.redis_server), "-"], log, config.encode())

    def answers(self) -> bool:
        return self._ask("PING") == b"+PONG"

    def clear_leftovers(self) -> None:
        if self._ask("PING") is not None:
            self._ask("SHUTDOWN NOSAVE")
            self._wait_until(lambda: self._ask("PING") is None, STOP_SECONDS)

    def _ask(self, command: str) -> bytes | None:
        """The last line of Redis's answer; None where nobody listens."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.paths.redis_socket))
                client.sendall(f"AUTH {self.paths.password()}\r\n{command}\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := client.recv(4096)):
                    answer += part
            except OSError:
                return None
        return answer.split(b"\r\n")[-2] if answer else None

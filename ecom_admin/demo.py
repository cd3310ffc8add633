"""`make demo`: the whole product on one machine, with demo data, until interrupted.

Starts PostgreSQL and Redis, brings the database up to date, then web, worker, beat, the carrier sandbox and
a feed of orders. If one of them dies, its name, exit code and last lines are printed and the rest is
stopped; whatever ends this process, kill -9 included, ends them all.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ecom_admin import embedded, env
from ecom_admin.demo_people import PASSWORD, PEOPLE
from ecom_admin.processes import end_with_parent

BASE_DIR = Path(__file__).resolve().parent.parent
MANAGE = (sys.executable, str(BASE_DIR / "manage.py"))
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
STOP_SECONDS = 10
START_SECONDS = 60
TAIL_LINES = 25

COMMANDS: dict[str, tuple[str, ...]] = {
    "web": (sys.executable, "-m", "gunicorn", "-c", "ecom_admin/gunicorn.py", "ecom_admin.wsgi"),
    "worker": (
        sys.executable, "-m", "celery", "-A", "ecom_admin", "worker",
        "--concurrency=2", "--loglevel=info", "--without-mingle", "--without-gossip",
    ),
    "beat": (sys.executable, "-m", "celery", "-A", "ecom_admin", "beat", "--loglevel=warning"),
    "sandbox": (*MANAGE, "carrier_sandbox"),
    "feed": (*MANAGE, "demo_feed"),
}  # fmt: skip


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Demo:
    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.children: list[Child] = []
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "ecom_admin.settings",
            "PORT": str(port),
            "PUBLIC_BASE_URL": self.address,
            "CUSTOMER_CONTACT": os.environ.get("CUSTOMER_CONTACT", "help@shop.example"),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self) -> int:
        """Run until a signal or the death of a child; return the exit code."""
        if not self.port_is_free():
            say(f"Port {self.port} is taken. Choose another: make demo PORT={self.port + 10}")
            return 1
        for name in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C, while a step of the preparation runs
            signal.signal(name, signal.default_int_handler)
        try:
            with embedded.running(self.data_dir):
                return self.run_on_services()
        except KeyboardInterrupt:
            return 0
        except embedded.EmbeddedError as error:
            say(str(error))
            return 1

    def run_on_services(self) -> int:
        if code := self.prepare():
            say(f"manage.py prepare --demo failed with code {code}.")
            return 1
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS | {signal.SIGCHLD})
        try:
            for name, arguments in COMMANDS.items():
                self.start(name, arguments)
            threading.Thread(target=self.announce, daemon=True).start()
            return self.stay()
        finally:
            self.stop()

    def prepare(self) -> int:
        """Bring everything up to date in a process of its own, whose memory isn't kept; its exit code."""
        command = [*MANAGE, "prepare", "--demo"]
        return subprocess.run(command, env=self.environment, cwd=BASE_DIR, check=False).returncode  # noqa: S603

    def start(self, name: str, command: tuple[str, ...]) -> None:
        log = self.data_dir / "log" / f"{name}.log"
        embedded.make_dir(log.parent, 0o755)
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509
            )
        self.children.append(Child(name, process, log))

    def stay(self) -> int:
        while signal.sigwait(STOP_SIGNALS | {signal.SIGCHLD}) == signal.SIGCHLD:
            if dead := [child for child in self.children if child.process.poll() is not None]:
                for child in dead:
                    report_death(child)
                return 1
        say("Stopping")
        return 0

    def stop(self) -> None:
        """End all children: first asked, then, with whatever they started, killed."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        give_up_at = time.monotonic() + STOP_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.0, give_up_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"{child.name} didn't stop in time")
            kill_group(child.process.pid)
            child.process.wait()

    def announce(self) -> None:
        """Print the address as soon as the web server answers."""
        give_up_at = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > give_up_at:
                say(f"The web server doesn't answer yet; see {self.data_dir}/log/web.log")
                return
            time.sleep(0.1)
        say(f"\nThe console: {self.address}   Ctrl-C stops it\n")
        say(f"  {'sign in as':<12} {'who':<20} password for all: {PASSWORD}")
        for person in PEOPLE:
            say(f"  {person.username:<12} {person.role.replace('_', ' '):<20} {person.name}")
        say(f"\nLogs: {self.data_dir}/log   Tracking page: {self.address}/track/   API: {self.address}/api/docs\n")

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/login/")
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        except OSError:
            return False
        finally:
            connection.close()

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True


def report_death(child: Child) -> None:
    say(f"{child.name} ended with code {child.process.returncode}. The end of {child.log}:")
    for line in child.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]:
        say(f"  {line}")


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(Demo(env.folder("ECOM_DATA_DIR", BASE_DIR / "var"), env.integer("PORT", 8000, minimum=1)).run())

"""The faults. Each strikes, lasts a moment, and leaves the repair to the product and to `restart: always`."""

import json
import os
import resource
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import psutil
import psycopg2
from django.conf import settings

from chaos.clock import Clock
from chaos.load import Load
from chaos.mailbox import Mailbox
from chaos.processes import Process, Supervisor
from chaos.servers import Servers

BUSY_SECONDS = 1.5
MOMENT_SECONDS = 2.5
FULL_AT_BYTES = 4096
DISK_SECONDS = 8.0


@dataclass
class Scene:
    """What a fault may touch."""

    servers: Servers
    processes: Supervisor
    load: Load
    mailbox: Mailbox
    clock: Clock
    random: Random
    struck_busy: int = 0


Fault = Callable[[Scene], None]
FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    def register(act: Fault) -> Fault:
        FAULTS[name] = act
        return act

    return register


# The product's processes


@fault("worker_killed")
def worker_killed(scene: Scene) -> None:
    """kill -9 of the worker with all its children, in the middle of a transaction if one comes up in time."""
    _wait_until_busy(scene, "worker")
    scene.processes["worker"].kill()


@fault("worker_child_killed")
def worker_child_killed(scene: Scene) -> None:
    """kill -9 of one child of the worker's pool."""
    _wait_until_busy(scene, "worker")
    _kill_child(scene, scene.processes["worker"])


@fault("web_killed")
def web_killed(scene: Scene) -> None:
    """kill -9 of the whole web server in the middle of requests."""
    _wait_until_busy(scene, "web")
    scene.processes["web"].kill()


@fault("web_child_killed")
def web_child_killed(scene: Scene) -> None:
    """kill -9 of one of gunicorn's workers."""
    _wait_until_busy(scene, "web")
    _kill_child(scene, scene.processes["web"])


@fault("beat_killed")
def beat_killed(scene: Scene) -> None:
    scene.processes["beat"].kill()


# The servers


@fault("redis_stopped")
def redis_stopped(scene: Scene) -> None:
    """Redis is gone for a while; what it held is lost."""
    scene.servers.kill(scene.servers.redis, signal.SIGKILL, away=_moment(scene))


@fault("redis_hung")
def redis_hung(scene: Scene) -> None:
    """Redis keeps its connections and says nothing."""
    with scene.servers.hung(scene.servers.redis):
        time.sleep(_moment(scene))


@fault("redis_flushed")
def redis_flushed(scene: Scene) -> None:
    from core.nudging import redis_client  # noqa: PLC0415 - needs settings

    with scene.servers.lock, _workers_stopped(scene):
        time.sleep(_moment(scene) / 2)
        redis_client().flushall()


@fault("redis_restarted_with_work_queued")
def redis_restarted(scene: Scene) -> None:
    """The queue fills while the workers stand still, and is lost with Redis."""
    with _workers_stopped(scene):
        time.sleep(_moment(scene) / 2)
        scene.servers.kill(scene.servers.redis, signal.SIGTERM, away=0)


@fault("postgres_killed")
def postgres_killed(scene: Scene) -> None:
    """kill -9 of the postmaster; started again after a moment, it recovers from its log."""
    _wait_until_busy(scene, "web")
    scene.servers.kill(scene.servers.postgres, signal.SIGKILL, away=_moment(scene) / 2)


@fault("postgres_stopped_at_once")
def postgres_stopped(scene: Scene) -> None:
    """The immediate shutdown, which ends every session where it stands."""
    scene.servers.kill(scene.servers.postgres, signal.SIGQUIT, away=_moment(scene) / 2)


@fault("postgres_session_killed")
def postgres_session_killed(scene: Scene) -> None:
    """kill -9 of one backend: PostgreSQL throws out everybody and recovers."""
    with scene.servers.lock, _sessions() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name IN ('worker', 'web') ORDER BY pid")
        if pids := [pid for (pid,) in cursor.fetchall()]:
            os.kill(scene.random.choice(pids), signal.SIGKILL)


# The outside


@fault("carrier_hangs")
def carrier_hangs(scene: Scene) -> None:
    _carrier(scene, "hang")


@fault("carrier_fails")
def carrier_fails(scene: Scene) -> None:
    _carrier(scene, "fail")


@fault("carrier_garbles")
def carrier_garbles(scene: Scene) -> None:
    _carrier(scene, "garble")


@fault("mail_server_hangs_up")
def mail_server_hangs_up(scene: Scene) -> None:
    """The mail server takes mails and hangs up before it says so."""
    scene.mailbox.hangs_up = True
    try:
        time.sleep(MOMENT_SECONDS)
    finally:
        scene.mailbox.hangs_up = False


# The machine


@fault("disk_full")
def disk_full(scene: Scene) -> None:
    """No file of the web server grows beyond FULL_AT_BYTES: an upload breaks in the middle of its write.

    The kernel refuses the write (RLIMIT_FSIZE) as it does where a disk or a quota is full.
    """
    web = scene.processes["web"]
    refused = scene.load.ledger.uploads_refused
    scene.load.full_disk.set()
    give_up_at = time.monotonic() + DISK_SECONDS
    try:
        while scene.load.ledger.uploads_refused == refused and time.monotonic() < give_up_at:
            _limit_files(web, FULL_AT_BYTES)
            time.sleep(0.1)
    finally:
        _limit_files(web, resource.RLIM_INFINITY)
        scene.load.full_disk.clear()


@fault("clock_forward")
def clock_forward(scene: Scene) -> None:
    """The hosts' clocks are 5 to 90 minutes ahead for a while; PostgreSQL's and Redis's aren't."""
    _jump(scene, scene.random.uniform(300, 5400))


@fault("clock_back")
def clock_back(scene: Scene) -> None:
    """… or behind."""
    _jump(scene, -scene.random.uniform(300, 5400))


def _moment(scene: Scene) -> float:
    return scene.random.uniform(0.5, MOMENT_SECONDS)


def _jump(scene: Scene, seconds: float) -> None:
    scene.clock.offset = seconds
    try:
        time.sleep(MOMENT_SECONDS)
    finally:
        scene.clock.offset = 0


def _kill_child(scene: Scene, process: Process) -> None:
    children = process.tree()[1:]
    with suppress(psutil.NoSuchProcess):
        if children:
            scene.random.choice(children).kill()


@contextmanager
def _workers_stopped(scene: Scene) -> Iterator[None]:
    tree = scene.processes["worker"].tree()
    _signal(tree, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(tree, signal.SIGCONT)


def _signal(tree: list[psutil.Process], what: signal.Signals) -> None:
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(what)


def _limit_files(process: Process, size: int) -> None:
    for member in process.tree():
        with suppress(ProcessLookupError):
            _soft, hard = resource.prlimit(member.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(
                member.pid, resource.RLIMIT_FSIZE, (size if hard == resource.RLIM_INFINITY else hard, hard)
            )


def _carrier(scene: Scene, kind: str) -> None:
    control("POST", "/faults", {"kind": kind})
    try:
        time.sleep(MOMENT_SECONDS)
    finally:
        control("DELETE", "/faults")


def control(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Tell the carriers' sandbox something, or ask for its figures."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{os.environ['CARRIER_SANDBOX_PORT']}/control{path}",
        data=json.dumps(body).encode() if body is not None else None,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        figures: dict[str, Any] = json.load(answer)
    return figures


def _wait_until_busy(scene: Scene, name: str) -> None:
    """Return as soon as a process of this name is inside a transaction, or after BUSY_SECONDS anyway."""
    give_up_at = time.monotonic() + BUSY_SECONDS
    with suppress(psycopg2.Error), _sessions() as cursor:
        while time.monotonic() < give_up_at:
            cursor.execute(_BUSY, [name])
            if cursor.fetchone() is not None:
                scene.struck_busy += 1
                return
            time.sleep(0.002)


_BUSY = """
SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND backend_xid IS NOT NULL LIMIT 1
"""


@contextmanager
def _sessions() -> Iterator[Any]:
    place = settings.DATABASES["default"]
    handle = psycopg2.connect(
        dbname="postgres", host=place["HOST"], user=place["USER"], password=place["PASSWORD"], application_name="chaos"
    )
    try:
        handle.autocommit = True
        with handle.cursor() as cursor:
            yield cursor
    finally:
        handle.close()

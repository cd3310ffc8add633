"""PostgreSQL and Redis from wheels, for development, the demo and the tests.

Used where DATABASE_URL or REDIS_URL is unset. Several processes share the servers: the first starts a
keeper (see keeper.py), the end of the last one stops it. Nothing listens on TCP.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecom_admin.embedded.paths import DATABASE, POSTGRES_PORT, ROLE, EmbeddedError, Paths, keep_once, make_dir

__all__ = [
    "EmbeddedError",
    "broker_url",
    "database",
    "keep_once",
    "make_dir",
    "redis_url",
    "running",
    "running_for",
]

# Commands that answer without a database.
WITHOUT_SERVERS = frozenset(
    {
        "",
        "help",
        "version",
        "check",
        "collectstatic",
        "diffsettings",
        "findstatic",
        "messages",
        "carrier_sandbox",
        "recover",
    }
)


def database(data_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry for the embedded PostgreSQL."""
    paths = Paths(data_dir)
    return {
        "ENGINE": "core.postgres",
        "NAME": DATABASE,
        "USER": ROLE,
        "PASSWORD": paths.password(),
        "HOST": str(paths.run_dir),
        "PORT": str(POSTGRES_PORT),
    }


def redis_url(data_dir: Path) -> str:
    """The address of the embedded Redis, as redis-py and Django's cache read it."""
    paths = Paths(data_dir)
    return f"unix://:{paths.password()}@{paths.redis_socket}?db=0"


def broker_url(redis_url: str) -> str:
    """The same Redis as Celery writes it, which has its own scheme for Unix sockets."""
    if not redis_url.startswith("unix://"):
        return redis_url
    address, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{address}?{query.replace('db=', 'virtual_host=')}"


@contextmanager
def running_for(arguments: list[str]) -> Iterator[None]:
    """Hold the servers while a management command runs that needs them."""
    command = arguments[1] if len(arguments) > 1 else ""
    if command.startswith("-") or command in WITHOUT_SERVERS or "--help" in arguments:
        yield
        return
    from django.conf import settings  # noqa: PLC0415

    with running(settings.DATA_DIR):
        yield


@contextmanager
def running(data_dir: Path) -> Iterator[None]:
    """Hold the embedded servers, started if they aren't running; external ones are left alone.

    Raises EmbeddedError, naming the server and its log, if one doesn't start.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield
        return
    paths = Paths(data_dir)
    make_dir(paths.data_dir, 0o755)
    with paths.lock("holders").open("w") as holders:
        _hold(paths, holders.fileno())
        try:
            yield
        finally:
            _let_go(paths, holders.fileno())


def _hold(paths: Paths, holders: int) -> None:
    with paths.lock("start").open("w") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(holders, fcntl.LOCK_SH)  # waits while a keeper is stopping
        if not _is_locked(paths, "keeper"):
            _start_keeper(paths)


def _let_go(paths: Paths, holders: int) -> None:
    """Give the servers back; if nobody else has them, wait until they are stopped."""
    fcntl.flock(holders, fcntl.LOCK_UN)
    try:
        fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            fcntl.flock(holders, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # the keeper has it: it is stopping
        else:
            return  # others hold the servers
    fcntl.flock(holders, fcntl.LOCK_UN)
    with paths.lock("keeper").open("w") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_SH)


def _is_locked(paths: Paths, name: str) -> bool:
    with paths.lock(name).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start_keeper(paths: Paths) -> None:
    make_dir(paths.log_dir, 0o755)
    reader, writer = os.pipe()
    with (paths.log_dir / "embedded.log").open("ab") as log, os.fdopen(reader) as answer:
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "ecom_admin.embedded.keeper", str(paths.data_dir), str(writer)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writer],
            check=True,
        )
        os.close(writer)
        message = answer.read()
    if message != "ready":
        raise EmbeddedError(message or f"The embedded servers didn't start. See {paths.log_dir}/embedded.log.")

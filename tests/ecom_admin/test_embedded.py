"""The embedded servers: shared, private, and robust against the sudden death of any process."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import redis

from ecom_admin import embedded
from ecom_admin.embedded.keeper import SHORTEST_LIFE_SECONDS
from ecom_admin.embedded.paths import LONGEST_SOCKET_PATH, Paths, reachable_by_others
from tests.waiting import wait_until

HOLDER = """
import sys
from pathlib import Path
from typing import Any
from ecom_admin import embedded
with embedded.running(Path(sys.argv[1])):
    print("holding", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    place = tmp_path / "data"
    yield place
    for process in servers_of(place):
        process.kill()
    home = Paths(place).home
    if not home.is_relative_to(place):  # root, and pytest's folder is closed to others
        shutil.rmtree(home.parent, ignore_errors=True)


@pytest.fixture
def hold(data_dir: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start another process that holds the servers until its standard input is closed."""
    holders: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        holders.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        return process

    yield start
    for process in holders:
        process.kill()
        process.communicate()


def servers_of(data_dir: Path) -> list[psutil.Process]:
    """Keeper, postmaster and Redis of a data directory.

    A holder that lets go waits for the servers, not for the last breath of the keeper: whoever counts all
    three after that waits a moment for it.
    """
    found: dict[int, psutil.Process] = {}
    home = Paths(data_dir).home
    for process in psutil.process_iter(["cmdline", "cwd", "ppid"]):
        line = " ".join(process.info["cmdline"] or [])
        place = process.info["cwd"] or ""
        keeper = is_keeper(process) and str(data_dir) in line
        postgres = f"postgres -D {home}" in line
        if keeper or postgres or ("redis-server" in line and Path(place) == home):
            found[process.pid] = process
    return [process for process in found.values() if not is_newborn(process, found.get(process.info["ppid"]))]


def is_newborn(process: psutil.Process, parent: psutil.Process | None) -> bool:
    """A fork that hasn't got a command line of its own yet, such as a session that PostgreSQL begins."""
    return parent is not None and process.info["cmdline"] == parent.info["cmdline"]


def is_keeper(process: psutil.Process) -> bool:
    return "embedded.keeper" in " ".join(process.info["cmdline"] or [])


def query(data_dir: Path, sql: str) -> Any:
    place = embedded.database(data_dir)
    connection = psycopg2.connect(
        dbname=place["NAME"], user=place["USER"], password=place["PASSWORD"], host=place["HOST"], port=place["PORT"]
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    connection.close()
    return row[0] if row else None


def test_servers_answer_and_stop_with_the_last_holder(data_dir, hold):
    with embedded.running(data_dir):
        other = hold()
        assert query(data_dir, "SHOW server_version").startswith("18")
        assert query(data_dir, "SHOW fsync") == "on"
        assert redis.Redis.from_url(embedded.redis_url(data_dir)).ping()
        assert len(servers_of(data_dir)) == 3
    assert query(data_dir, "SELECT 1") == 1, "another process still holds them"
    other.communicate()
    assert [process for process in servers_of(data_dir) if not is_keeper(process)] == []
    wait_until(lambda: servers_of(data_dir) == [])


def test_servers_stop_when_the_last_holder_is_killed(data_dir, hold):
    holder = hold()
    assert query(data_dir, "SELECT 1") == 1
    holder.kill()
    wait_until(lambda: servers_of(data_dir) == [])


def test_data_survives_the_death_of_every_process(data_dir, hold):
    holder = hold()
    query(data_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    victims = [psutil.Process(holder.pid), *servers_of(data_dir)]
    for process in victims:
        process.send_signal(signal.SIGKILL)
    holder.wait()
    psutil.wait_procs(victims, timeout=10)  # a killed server may answer a last time before it is gone
    with embedded.running(data_dir):
        assert query(data_dir, "SELECT answer FROM kept") == 42


def test_servers_that_die_are_started_again(data_dir, hold):
    hold()
    time.sleep(SHORTEST_LIFE_SECONDS)  # one that dies younger counts as unable to stay up
    victims = [process for process in servers_of(data_dir) if not is_keeper(process)]
    for victim in victims:
        victim.send_signal(signal.SIGKILL)

    def answers() -> bool:
        try:
            return query(data_dir, "SELECT 1") == 1 and bool(redis.Redis.from_url(embedded.redis_url(data_dir)).ping())
        except (psycopg2.OperationalError, redis.RedisError):
            return False

    wait_until(lambda: len(servers_of(data_dir)) == 3 and not set(victims) & set(servers_of(data_dir)))
    wait_until(answers)


def test_nothing_is_open_to_others(data_dir):
    with embedded.running(data_dir):
        paths = Paths(data_dir)
        listening = [
            connection
            for process in servers_of(data_dir)
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == []
        for folder in (paths.home, paths.run_dir, paths.postgres_data):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "embedded.password").stat().st_mode) == 0o600
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(dbname="ecom", user="ecom", password="wrong", host=str(paths.run_dir))
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=str(paths.redis_socket)).ping()
        for process in servers_of(data_dir):
            assert embedded.database(data_dir)["PASSWORD"] not in " ".join(process.cmdline())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to switch to")
def test_root_runs_the_servers_as_nobody_and_opens_no_folder_of_others(data_dir):
    before = {path: path.stat().st_mode for path in data_dir.parents}
    with embedded.running(data_dir):
        users = {process.username() for process in servers_of(data_dir) if not is_keeper(process)}
    assert users == {"nobody"}
    assert {path: path.stat().st_mode for path in data_dir.parents} == before


def test_a_long_path_gets_its_sockets_elsewhere(monkeypatch):
    place = Path(tempfile.mkdtemp(prefix="long" * 25))
    place.chmod(0o755)
    data_dir = place / "data"
    try:
        with embedded.running(data_dir):
            assert query(data_dir, "SELECT 1") == 1
            assert len(str(Paths(data_dir).redis_socket)) <= LONGEST_SOCKET_PATH < len(str(data_dir))
    finally:
        shutil.rmtree(place)
        shutil.rmtree(Paths(data_dir).run_dir)


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o777)
    foreign.chmod(0o777)
    monkeypatch.setattr(Paths, "run_dir", foreign)
    with pytest.raises(embedded.EmbeddedError, match="belongs to somebody else"):
        Paths(tmp_path / "data").prepare()


def test_what_fails_is_named_with_its_log(data_dir):
    with embedded.running(data_dir):
        pass
    (Paths(data_dir).postgres_data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(embedded.EmbeddedError, match=r"postgres ended with code 1.*postgres\.log"):
        embedded.running(data_dir).__enter__()
    wait_until(lambda: servers_of(data_dir) == [])


def test_external_servers_are_left_alone(data_dir, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/ecom")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere")
    with embedded.running(data_dir):
        assert not data_dir.exists()


@pytest.mark.parametrize(
    ("command", "expected"), [("check", False), ("--version", False), ("help", False), ("migrate", True)]
)
def test_only_commands_that_need_a_database_start_it(data_dir, settings, command, expected):
    settings.DATA_DIR = data_dir
    with embedded.running_for(["manage.py", command]):
        assert bool(servers_of(data_dir)) is expected


def test_celery_reaches_redis_through_its_socket():
    url = embedded.broker_url("unix://:secret@/run/redis.sock?db=3")
    assert url == "redis+socket://:secret@/run/redis.sock?virtual_host=3"
    assert embedded.broker_url("rediss://cache.example.com:6380/1") == "rediss://cache.example.com:6380/1"


def test_a_folder_is_reachable_only_through_open_parents(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not reachable_by_others(closed / "inner")

"""A kept connection is looked at without a statement, and a dead one is still found."""

import select
import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from django.db import OperationalError as DatabaseOutage
from django.db import close_old_connections, connection
from psycopg2 import OperationalError

from core.postgres.base import DatabaseWrapper
from core.prepared import Prepared, prepared

_SUM = Prepared("SELECT %(left)s + %(right)s", left="int", right="int")


def _statements(**values: int) -> list[str]:
    seen: list[str] = []

    def note(execute, sql, *arguments):
        seen.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        assert _SUM.fetch_one(values) == (sum(values.values()),)
    return seen


@pytest.mark.django_db(transaction=True)
def test_a_quiet_connection_is_trusted_without_a_statement():
    wrapper: Any = connection.copy()
    try:
        wrapper.ensure_connection()
        assert wrapper.is_usable()
        handle, wrapper.connection = wrapper.connection, _Refusing(wrapper.connection)
        assert wrapper.is_usable()
        wrapper._asked_at = 0.0  # silent for long: asked
        assert not wrapper.is_usable()
    finally:
        wrapper.connection = handle
        wrapper.close()


class _Refusing:
    """A connection whose every statement fails."""

    closed = 0

    def __init__(self, handle):
        self.fileno = handle.fileno

    def cursor(self):
        raise OperationalError("asked")


@pytest.fixture
def by_network() -> Iterator[Any]:
    """A connection that goes to the server's socket by way of a port."""
    listener = socket.create_server(("127.0.0.1", 0))
    with closing(listener), closing(connection.copy()) as wrapper:
        wrapper.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(listener.getsockname()[1])}
        place = connection.settings_dict
        Thread(target=_pass_on, args=(listener, f"{place['HOST']}/.s.PGSQL.{place['PORT'] or 5432}")).start()
        yield wrapper


def _pass_on(listener: socket.socket, path: str) -> None:
    client, _address = listener.accept()
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        ends = {client: server, server: client}
        while data := (end := select.select([*ends], [], [])[0][0]).recv(65536):
            ends[end].sendall(data)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_gone_without_a_word_is_noticed_within_a_minute(by_network):
    by_network.ensure_connection()
    with socket.socket(fileno=socket.dup(by_network.connection.fileno())) as its:
        kept = [
            its.getsockopt(socket.IPPROTO_TCP, name)
            for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        ]
    assert kept == [30, 10, 3, 60_000]
    with by_network.cursor() as cursor:
        cursor.execute("SELECT setting, source FROM pg_settings WHERE name ~ '^tcp_keepalives' ORDER BY name")
        assert {source for _setting, source in cursor.fetchall()} == {"client"}, "the server looks after us as well"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_replaced():
    connection.ensure_connection()
    assert connection.is_usable()
    ended = connection.connection
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended.info.backend_pid])
    other.close()
    assert not connection.is_usable()
    fresh: Any = connection  # as at the beginning of a request
    fresh.health_check_enabled, fresh.health_check_done = True, False
    assert _SUM.fetch_one({"left": 1, "right": 2}) == (3,)
    assert connection.connection is not ended


@pytest.mark.django_db(transaction=True)
def test_a_prepared_statement_is_planned_once_for_each_connection():
    assert (
        _statements(left=1, right=2) == _statements(left=4, right=5) == [f"EXECUTE {_SUM.name} (%(left)s, %(right)s)"]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [_SUM.name])
        assert cursor.fetchone() == (1,)
    connection.close()
    assert _statements(left=1, right=2)


@pytest.mark.django_db
def test_behind_a_pooler_nothing_is_prepared(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert _statements(left=1, right=2) == ["SELECT %(left)s + %(right)s"]


def test_two_statements_that_begin_alike_have_names_of_their_own():
    long = f"SELECT {' + '.join('1' * 60)}"
    assert prepared(long).name != prepared(f"{long} + 1").name
    assert len(prepared(long).name) < 64
    assert prepared(long) is prepared(long)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_dies_while_a_statement_is_prepared_is_an_outage():
    connection.ensure_connection()
    handle = socket.socket(fileno=socket.dup(connection.connection.fileno()))
    handle.shutdown(socket.SHUT_RDWR)
    handle.close()
    with pytest.raises(DatabaseOutage):
        Prepared("SELECT 4711 + %(number)s", number="int").fetch_one({"number": 1})
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_a_migration_made_wrong_costs_one_call():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE planned (label varchar(5) NOT NULL)")
    label = prepared("INSERT INTO planned SELECT %s RETURNING label")
    try:
        assert label.fetch_one(["short"]) == ("short",)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE planned ALTER label TYPE varchar(20)")
        with pytest.raises(DatabaseOutage):
            label.fetch_one(["now longer"])
        close_old_connections()
        assert label.fetch_one(["now longer"]) == ("now longer",)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE planned")


def _limits(wrapper: Any) -> dict[str, str]:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM pg_settings WHERE name ~ '^(lock|statement)_timeout$'")
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_only_a_web_process_ends_its_statements(monkeypatch):
    with closing(connection.copy()) as wrapper:
        assert _limits(wrapper) == {"lock_timeout": "0", "statement_timeout": "0"}
    monkeypatch.setattr(DatabaseWrapper, "answers_requests", True)
    with closing(connection.copy()) as wrapper:
        assert _limits(wrapper) == {"lock_timeout": "10s", "statement_timeout": "30s"}
        with wrapper.cursor() as cursor:
            cursor.execute("SHOW plan_cache_mode")
            assert cursor.fetchone() == ("force_generic_plan",)


def test_nothing_is_asked_of_a_server_behind_pgbouncer(monkeypatch):
    monkeypatch.setattr(DatabaseWrapper, "answers_requests", True)
    wrapper = connection.copy()
    wrapper.settings_dict |= {"DISABLE_SERVER_SIDE_CURSORS": True}
    assert wrapper.get_connection_params().get("options", "") == wrapper.settings_dict["OPTIONS"].get("options", "")

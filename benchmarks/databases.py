"""Databases with a known content: made once for each size, copied for every benchmark."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from benchmarks.registry import say
from benchmarks.settings import WORK_DATABASE
from ecom_admin.generated import generate_orders

BASE_DIR = Path(settings.BASE_DIR)
TEMPLATE = "orders_"
MOVING_SHARE = 0.015


def use_orders(count: int, *, moving_share: float = MOVING_SHARE) -> None:
    """Make the work database one with `count` generated orders, as new."""
    copy_orders(WORK_DATABASE, count, moving_share=moving_share)
    switch_to(WORK_DATABASE)


def copy_orders(name: str, count: int, *, moving_share: float = MOVING_SHARE) -> None:
    """Make `name` a database with `count` generated orders, as new."""
    template = _template(count, moving_share)
    with _server() as cursor:
        _copy(cursor, template, name)


def switch_to(name: str) -> None:
    """Let this process go on with another database; nothing that it knows of the last one stays."""
    connection.close()
    connection.settings_dict["NAME"] = name
    cache.clear()


@contextmanager
def orders_of_sizes(sizes: Sequence[int], *, to_write: bool) -> Iterator[dict[int, str]]:
    """A database for each size at the same time, so that measurements can alternate: names by size.

    Copies with `to_write`; else the generated databases themselves, in which a reader leaves no more than a
    person and a session behind.
    """
    try:
        if to_write:
            names = {size: f"{WORK_DATABASE}_{size}" for size in sizes}
            for size, name in names.items():
                copy_orders(name, size)
        else:
            names = {size: _template(size) for size in sizes}
        yield names
    finally:
        switch_to(WORK_DATABASE)
        if to_write:
            with _server() as cursor:
                _drop(cursor, names.values())


def execute(database: str, sql: str) -> None:
    """Run statements in a database outside a transaction."""
    with _server(database) as cursor:
        cursor.execute(sql)


def make_once(name: str, sql: str) -> None:
    """A database beside the product's, filled by `sql` when it doesn't exist."""
    with _server() as cursor:
        if _exists(cursor, name):
            return
        cursor.execute(f'CREATE DATABASE "{name}.new"')
    execute(f"{name}.new", sql)
    execute(f"{name}.new", "VACUUM ANALYZE")
    with _server() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}.new" RENAME TO "{name}"')


def _template(count: int, moving_share: float = MOVING_SHARE) -> str:
    """The name of a database with generated orders, made now if there is none; those of earlier schemas go."""
    version = _schema_version()
    name = f"{TEMPLATE}{count}_{round(moving_share * 1000)}_{version}"
    with _server() as cursor:
        _drop(cursor, _stale(cursor, version))
        if not _exists(cursor, name):
            _make_template(cursor, name, count, moving_share)
    return name


def _make_template(cursor: Any, name: str, count: int, moving_share: float) -> None:
    say(f"Generating a database with {count:,} orders (kept for later runs)")
    switch_to(WORK_DATABASE)
    if count:
        _copy(cursor, _template(0), WORK_DATABASE)
        generate_orders(count, moving_share=moving_share)
    else:
        _drop(cursor, [WORK_DATABASE])
        cursor.execute(f'CREATE DATABASE "{WORK_DATABASE}"')
        call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    execute(WORK_DATABASE, "VACUUM ANALYZE")
    cursor.execute(f'ALTER DATABASE "{WORK_DATABASE}" RENAME TO "{name}"')


def _copy(cursor: Any, template: str, name: str) -> None:
    connection.close()
    _drop(cursor, [name])
    cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    cursor.execute("CHECKPOINT")


def _stale(cursor: Any, version: str) -> list[str]:
    """Databases generated for an earlier schema."""
    cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATE])
    return [name for (name,) in cursor.fetchall() if not name.endswith(version)]


def _drop(cursor: Any, names: Iterable[str]) -> None:
    for name in names:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _exists(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return cursor.fetchone() is not None


@contextmanager
def _server(database: str = "postgres") -> Iterator[Any]:
    place = settings.DATABASES["default"]
    handle = psycopg2.connect(
        dbname=database, host=place["HOST"], port=place["PORT"], user=place["USER"], password=place["PASSWORD"]
    )
    handle.autocommit = True
    try:
        with handle.cursor() as cursor:
            yield cursor
    finally:
        handle.close()


def _schema_version() -> str:
    """Changes with every migration and with what is generated."""
    files = sorted([*BASE_DIR.glob("*/migrations/*.py"), *BASE_DIR.glob("core/*/migrations/*.py")])
    files += sorted((BASE_DIR / "ecom_admin/generated").glob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]

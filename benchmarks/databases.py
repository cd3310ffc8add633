"""Databases with a known content: made once for each size, copied for every benchmark."""

import hashlib
from collections.abc import Iterator
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


def use_orders(count: int, *, moving_share: float = 0.015) -> None:
    """Make the work database one with `count` generated orders, as new."""
    template = f"orders_{count}_{round(moving_share * 1000)}_{_schema_version()}"
    with _server() as cursor:
        if not _exists(cursor, template):
            _make_template(cursor, template, count, moving_share)
        _copy(cursor, template, WORK_DATABASE)
    cache.clear()


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


def _make_template(cursor: Any, name: str, count: int, moving_share: float) -> None:
    say(f"Generating a database with {count:,} orders (kept for later runs)")
    cursor.execute(f'DROP DATABASE IF EXISTS "{WORK_DATABASE}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{WORK_DATABASE}"')
    call_command("migrate", verbosity=0, interactive=False)
    if count:
        generate_orders(count, moving_share=moving_share)
    connection.close()
    execute(WORK_DATABASE, "VACUUM ANALYZE")
    cursor.execute(f'ALTER DATABASE "{WORK_DATABASE}" RENAME TO "{name}"')


def _copy(cursor: Any, template: str, name: str) -> None:
    connection.close()
    cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    cursor.execute("CHECKPOINT")


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

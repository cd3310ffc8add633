"""Statements that each connection plans once: for short ones whose planning costs more than their work."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import NotSupportedError, OperationalError, connection

if TYPE_CHECKING:
    from core.late import Writes

Values = Mapping[str, Any] | Sequence[Any]

_NAMED = re.compile(r"%\((\w+)\)s")
_LONGEST_NAME = 48


class Prepared:
    """A statement that is parsed and planned once by each connection, when it is needed first.

    Args:
        sql: with parameters as %(name)s, or all of them as %s, and no other %.
        types: PostgreSQL types of those parameters by name that no cast or column in the statement tells.
    """

    def __init__(self, sql: str, **types: str) -> None:
        self.sql = sql
        names = list(dict.fromkeys(_NAMED.findall(sql)))
        if names:
            text = sql % {name: f"${place}" for place, name in enumerate(names, 1)}
            given = ", ".join(f"%({name})s" for name in names)
            declared = ", ".join(types.get(name, "unknown") for name in names)
        else:
            count = sql.count("%s")
            text = sql % tuple(f"${place}" for place in range(1, count + 1))
            given, declared = ", ".join(["%s"] * count), ", ".join(["unknown"] * count)
        self.name = _name(text)
        self._prepare = f"PREPARE {self.name} ({declared}) AS {text}"
        self._execute = f"EXECUTE {self.name} ({given})"

    def fetch_one(self, values: Values) -> tuple[Any, ...] | None:
        """Execute with these values and return the first row."""
        with connection.cursor() as cursor:
            self.execute(cursor, values)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

    def fetch_all(self, values: Values) -> list[tuple[Any, ...]]:
        """Execute with these values and return the rows."""
        with connection.cursor() as cursor:
            self.execute(cursor, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def run(self, values: Values) -> None:
        """Execute with these values for the effect alone, which nobody waits for within core.late's blocks."""
        wrapper: Any = connection  # a core.postgres.base.DatabaseWrapper
        with connection.cursor() as cursor:
            writes: Writes | None = wrapper.late
            if writes is None or not writes.take(cursor, self, values):
                self.execute(cursor, values)

    def execute(self, cursor: Any, values: Values) -> None:
        """Execute with these values on a cursor of Django's.

        Raises OperationalError, as for a database that is away, where a migration changed the type of a column that
        the statement returns: this connection is replaced before its next use, and the caller's caller tries again.
        """
        wrapper: Any = connection
        if wrapper.late is not None and not self._is_known_to(wrapper):
            wrapper.late.settle()  # what follows uses the connection behind Django's back
        statement = self.known_as(wrapper)
        try:
            cursor.execute(statement, values)
        except NotSupportedError as error:
            wrapper.is_outdated = True
            raise OperationalError("A column changed since this connection planned the statement.") from error

    def known_as(self, wrapper: Any) -> str:
        """What to send to this connection of Django's, which has planned the statement then."""
        if not self._is_known_to(wrapper):
            with wrapper.wrap_database_errors, wrapper.connection.cursor() as plain:
                plain.execute(self._prepare)
            wrapper.prepared.add(self.name)
        return self.sql if wrapper.is_pooled else self._execute

    def _is_known_to(self, wrapper: Any) -> bool:
        """Whether nothing needs to be planned: PgBouncer may hand the next statement to another connection anyway."""
        return wrapper.is_pooled or self.name in wrapper.prepared


@lru_cache(maxsize=1024)
def prepared(sql: str) -> Prepared:
    """The Prepared of a statement that is put together at run time from few variants; parameters as %s."""
    return Prepared(sql)


def _name(sql: str) -> str:
    """Readable in pg_prepared_statements and the server's log, and the same for the same text only."""
    words = re.sub(r"\W+", "_", sql.lower()).strip("_")
    return f"{words[:_LONGEST_NAME]}_{hashlib.sha256(sql.encode()).hexdigest()[:12]}"

"""Writes whose results nobody reads, sent to PostgreSQL in one message with the statement that follows them.

For a short statement, waking the server and being woken by it costs more than its work. Order and effect of the
statements stay the same. An error of a late write is raised by the statement that it was sent with, and the
transaction can then only be rolled back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


class LateWrites:
    """The writes of one connection that wait. As Django's execute_wrapper it sees every statement that follows."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._savepoints = _savepoints()

    def hold(self, statement: str) -> bool:
        """Keep a whole statement for later; False within a savepoint, whose end must find it done."""
        if _savepoints() != self._savepoints:
            return False
        self._held.append(statement)
        return True

    def send(self) -> None:
        """Execute what waits."""
        if self._held:
            with connection.cursor() as cursor:
                cursor.execute(self._held.pop())  # __call__ sends the others before it

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self._held:
            return execute(sql, params, many, context)
        cursor = context["cursor"]
        if many or cursor.name:  # COPY and a cursor of the server's take a single statement
            self.send()
            return execute(sql, params, many, context)
        message = ";\n".join([*self._held, cursor.mogrify(sql, params).decode()])
        self._held.clear()
        try:
            return execute(message, None, False, context)
        except Exception:
            # A late write may have failed, of which whoever catches this for the statement's sake knows nothing.
            connection.needs_rollback = True
            raise


@contextmanager
def writing_late() -> Iterator[None]:
    """Hold back the writes of insert_rows() that return nothing, each until the next statement.

    Raises TransactionManagementError outside a transaction, where each statement would stand for itself.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("writing_late() needs an open transaction")
    wrapper: Any = connection  # a core.postgres.base.DatabaseWrapper
    if wrapper.late is not None:
        yield
        return
    late = wrapper.late = LateWrites()
    try:
        with connection.execute_wrapper(late):
            yield
            late.send()
    finally:
        wrapper.late = None


def _savepoints() -> list[str]:
    return [savepoint for savepoint in connection.savepoint_ids if savepoint]

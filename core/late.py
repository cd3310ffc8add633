"""Writes whose results nobody reads: whoever writes them needn't wait for each.

- writing_late() sends them in one message with the statement that follows: for a short statement, waking the server and
  being woken by it costs more than its work.
- writing_beside() sends each at once by a thread, and the next statement waits for it: for long ones, beside which the
  caller prepares what comes next.

Order and effect of the statements stay the same. An error of such a write is raised by a statement that follows or at
the end of the block, and the transaction can then only be rolled back.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from django.db import connection, connections, transaction

if TYPE_CHECKING:
    from core.prepared import Prepared, Values

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]
# COPY sends that much at a time: between pieces the thread would wait for its turn.
COPY_BYTES: Final = 1 << 20


class Writes(Protocol):
    """Takes writes of one connection. As Django's execute_wrapper it sees every statement that follows."""

    def take(self, cursor: Any, statement: "Prepared", values: "Values") -> bool:
        """Take a statement, or False: it must be executed now."""

    def take_copy(self, sql: str, data: BinaryIO) -> bool:
        """Take a COPY FROM STDIN, or False."""

    def settle(self) -> None:
        """Be done with what is under way, before the connection is used behind Django's back. Raises what it raises."""

    def finish(self) -> None:
        """Be done with everything. Raises what the writes raise."""

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Execute another statement after what was taken."""


class LateWrites:
    """Writes that wait for the next statement."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._savepoints = _savepoints()

    def take(self, cursor: Any, statement: "Prepared", values: "Values") -> bool:
        if _savepoints() != self._savepoints:  # whose end must find it done
            return False
        self._held.append(cursor.mogrify(statement.known_as(connection), values).decode())
        return True

    def take_copy(self, sql: str, data: BinaryIO) -> bool:
        return False

    def settle(self) -> None:
        """Nothing is under way."""

    def finish(self) -> None:
        if self._held:
            with connection.cursor() as cursor:
                cursor.execute(self._held.pop())  # __call__ sends the others before it

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self._held:
            return execute(sql, params, many, context)
        cursor = context["cursor"]
        if many or cursor.name:  # COPY and a cursor of the server's take a single statement
            self.finish()
            return execute(sql, params, many, context)
        message = ";\n".join([*self._held, cursor.mogrify(sql, params).decode()])
        self._held.clear()
        try:
            return execute(message, None, False, context)
        except Exception:
            # A late write may have failed, of which whoever catches this for the statement's sake knows nothing.
            connection.needs_rollback = True
            raise


class WritesBeside:
    """Writes that a thread sends, one after the other, while its caller goes on."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._connection: Any = connections[connection.alias]  # `connection` is another one for the thread
        self._under_way: list[Future[None]] = []

    def take(self, cursor: Any, statement: "Prepared", values: "Values") -> bool:
        self._send(lambda own: own.execute(statement.known_as(self._connection), values))
        return True

    def take_copy(self, sql: str, data: BinaryIO) -> bool:
        self._send(lambda own: own.copy_expert(sql, data, COPY_BYTES))
        return True

    def _send(self, write: Callable[[Any], object]) -> None:
        self._connection.validate_no_broken_transaction()
        self._under_way.append(self._thread.submit(_with_cursor, self._connection.connection, write))

    def settle(self) -> None:
        wait(self._under_way)  # an interrupt leaves them in place: whoever rolls back must wait for them
        under_way, self._under_way = self._under_way, []
        for write in under_way:
            try:
                with connection.wrap_database_errors:
                    write.result()
            except Exception:
                connection.needs_rollback = True
                raise

    def finish(self) -> None:
        self.settle()

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.settle()
        return execute(sql, params, many, context)


def _with_cursor(open_connection: Any, write: Callable[[Any], object]) -> None:
    with open_connection.cursor() as cursor:
        write(cursor)


@contextmanager
def writing_late() -> Iterator[None]:
    """Hold back the writes of insert_rows() that return nothing, each until the next statement.

    Raises TransactionManagementError outside a transaction, where each statement would stand for itself.
    """
    with _taken_by(LateWrites):
        yield


@contextmanager
def writing_beside() -> Iterator[None]:
    """Go on while a thread sends the writes of insert_rows() and copy_rows() that return nothing.

    A server-side cursor (`iterator()`) mustn't be read meanwhile: its FETCH passes by what waits for the thread.
    Raises TransactionManagementError outside a transaction, where each statement would stand for itself.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="writes") as thread, _taken_by(partial(WritesBeside, thread)):
        yield


@contextmanager
def _taken_by(make: Callable[[], Writes]) -> Iterator[None]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("writes can only wait in an open transaction")
    wrapper: Any = connection  # a core.postgres.base.DatabaseWrapper
    if wrapper.late is not None:
        yield
        return
    writes = wrapper.late = make()
    try:
        with connection.execute_wrapper(writes):
            yield
            writes.finish()
    finally:
        wrapper.late = None


def _savepoints() -> list[str]:
    return [savepoint for savepoint in connection.savepoint_ids if savepoint]

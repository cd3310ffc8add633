"""Orders of a file put together once and read twice."""

import marshal
from collections import deque
from collections.abc import Iterable, Iterator
from struct import Struct
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

from core.storage import room_needed
from orders.importing.assemble import FileOrder
from orders.schema import FieldError, SharedLine

# So much of a file is kept in memory as it is. What follows is written out.
MEMORY_ORDERS = 20_000
MEMORY_ROWS = 400_000
# Lines that orders refer to by their numbers; then both sides begin anew.
SHARED_LINES = 64_000
_LENGTH = Struct("I")


class KeptOrders:
    """Keeps the orders that pass through keep(), for iterating over them once more; the end of large files on the disk.

    Cleaning the cells and grouping the rows takes ten times as long as reading them back. A line that several orders
    share is written once, and is one object for all of them again.
    """

    def __init__(self) -> None:
        self.row_count = 0
        self._first: deque[FileOrder] = deque()
        self._file = TemporaryFile()  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def keep(self, orders: Iterable[FileOrder]) -> Iterator[FileOrder]:
        """The same orders, each kept before it is handed on, and nothing else any more."""
        self._file.seek(0)
        self._file.truncate()
        self._first.clear()
        self.row_count = 0
        written: set[int] = set()
        for order in orders:
            self.row_count += len(order.rows)
            if len(self._first) < MEMORY_ORDERS and self.row_count <= MEMORY_ROWS:
                self._first.append(order)
                yield order
                continue
            if len(written) >= SHARED_LINES:
                written.clear()
            data = marshal.dumps(_plain(order, written))
            with room_needed():
                self._file.write(_LENGTH.pack(len(data)) + data)
            yield order

    def __iter__(self) -> Iterator[FileOrder]:
        """The orders, a single time: those in memory are let go as they are handed out."""
        while self._first:
            yield self._first.popleft()
        self._file.seek(0)
        read = self._file.read
        known: dict[int, SharedLine] = {}
        while length := read(_LENGTH.size):
            if len(known) >= SHARED_LINES:
                known.clear()
            data = read(_LENGTH.unpack(length)[0])
            yield _whole(marshal.loads(data), known)  # noqa: S302 - what this process wrote a moment ago


def _plain(order: FileOrder, written: set[int]) -> tuple[Any, ...]:
    """The order with its lines by number, and those of them that weren't written yet; they are now."""
    lines: list[SharedLine] = order.payload["lines"]
    numbers = [line.number for line in lines]
    new = {}
    if not written.issuperset(numbers):
        new = {line.number: line.values for line in lines if line.number not in written}
        written.update(new)
    refusals = [(error.field, error.code, dict(error.params)) for error in order.refusals]
    payload = {**order.payload, "lines": numbers}
    return new, order.external_id, payload, order.rows, order.repeated, order.line_rows, refusals


def _whole(values: tuple[Any, ...], known: dict[int, SharedLine]) -> FileOrder:
    new, external_id, payload, rows, repeated, line_rows, refusals = values
    known.update({number: SharedLine(number, values) for number, values in new.items()})
    payload["lines"] = [known[number] for number in payload["lines"]]
    return FileOrder(external_id, payload, rows, repeated, line_rows, [FieldError(*refusal) for refusal in refusals])

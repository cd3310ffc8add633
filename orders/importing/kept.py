"""Orders of a file put together once and read twice."""

import marshal
from collections.abc import Iterable, Iterator
from struct import Struct
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

from core.storage import room_needed
from orders.importing.assemble import FileOrder
from orders.schema import FieldError

IN_MEMORY_BYTES = 32 << 20
_LENGTH = Struct("I")


class KeptOrders:
    """Keeps the orders that pass through keep(), for iterating over them once more; large files go to the disk.

    Cleaning the cells and grouping the rows takes ten times as long as reading them back.
    """

    def __init__(self) -> None:
        self.row_count = 0
        self._file = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115

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
        self.row_count = 0
        for order in orders:
            self.row_count += len(order.rows)
            data = marshal.dumps(_plain(order))
            with room_needed():
                self._file.write(_LENGTH.pack(len(data)) + data)
            yield order

    def __iter__(self) -> Iterator[FileOrder]:
        self._file.seek(0)
        read = self._file.read
        while length := read(_LENGTH.size):
            data = read(_LENGTH.unpack(length)[0])
            yield _whole(marshal.loads(data))  # noqa: S302 - what this process wrote a moment ago


def _plain(order: FileOrder) -> tuple[Any, ...]:
    refusals = [(error.field, error.code, dict(error.params)) for error in order.refusals]
    return order.external_id, order.payload, order.rows, order.repeated, order.line_rows, refusals


def _whole(values: tuple[Any, ...]) -> FileOrder:
    external_id, payload, rows, repeated, line_rows, refusals = values
    return FileOrder(external_id, payload, rows, repeated, line_rows, [FieldError(*refusal) for refusal in refusals])

"""Orders of a file put together once and read twice."""

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from orders.importing.assemble import FileOrder
from orders.schema import FieldError

IN_MEMORY_BYTES = 32 << 20


class KeptOrders:
    """Keeps the orders that pass through keep(), for iterating over them once more; large files go to the disk.

    Cleaning the cells and grouping the rows takes three times as long as reading them back.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def keep(self, orders: Iterable[FileOrder]) -> Iterator[FileOrder]:
        """The same orders; each is kept before it is handed on."""
        for order in orders:
            self._file.write(_dump(order))
            yield order

    def __iter__(self) -> Iterator[FileOrder]:
        self._file.seek(0)
        return map(_load, self._file)


def _dump(order: FileOrder) -> bytes:
    refusals = [(error.field, error.code, error.params) for error in order.refusals]
    values = (order.external_id, order.payload, order.rows, order.repeated, order.line_rows, refusals)
    return json.dumps(values).encode("ascii") + b"\n"


def _load(line: bytes) -> FileOrder:
    external_id, payload, rows, repeated, line_rows, refusals = json.loads(line)
    return FileOrder(external_id, payload, rows, repeated, line_rows, [FieldError(*refusal) for refusal in refusals])

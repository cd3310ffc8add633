"""An order file and its file of lines made one, as Taobao and others export them apart."""

import csv
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

from django.utils.translation import gettext_lazy as _

from core.tabular import Row, Table, TabularError
from orders.importing.presets import LinesFile

# Columns that both files have are told apart by this before those of the lines ("detail").
PREFIX: Final = "明细·"
MAX_LINES: Final = 200_000


def join_tables(orders: Table, lines: Table, by: LinesFile, out: TextIO) -> int:
    """Write one CSV in which every line carries the columns of its order; returns the rows written.

    An order without lines keeps one row with the lines' columns empty; lines of unknown orders come last, with
    their order's number only. Raises TabularError when a file lacks its key column.
    """
    taken = set(orders.header)
    header = [f"{PREFIX}{name}" if name in taken else name for name in lines.header]
    order_key, line_key = _index(orders, by.order_key), _index(lines, by.key)
    by_order = _by_key(lines, line_key)
    writer = csv.writer(out)
    writer.writerow([*orders.header, *header])
    count = 0
    blank = [""] * len(header)
    for row in orders:
        for cells in by_order.pop(row.cells[order_key], [blank]):
            writer.writerow([*row.cells, *cells])
            count += 1
    return count + _write_orphans(writer, by_order, order_key, len(orders.header))


def _index(table: Table, heading: str) -> int:
    if heading not in table.header:
        raise TabularError(_("The column “%(name)s” is missing.") % {"name": heading}, "missing_column", field="file")
    return table.header.index(heading)


def _by_key(rows: Iterable[Row], index: int) -> dict[str, list[list[str]]]:
    groups: dict[str, list[list[str]]] = {}
    for count, row in enumerate(rows, start=1):
        if count > MAX_LINES:
            raise TabularError(_("The file has more than %(count)d rows.") % {"count": MAX_LINES}, "too_many_rows")
        groups.setdefault(row.cells[index], []).append(row.cells)
    return groups


def _write_orphans(writer: Any, groups: Mapping[str, list[list[str]]], order_key: int, width: int) -> int:
    count = 0
    for key, lines in groups.items():
        order = [""] * width
        order[order_key] = key
        for cells in lines:
            writer.writerow([*order, *cells])
            count += 1
    return count

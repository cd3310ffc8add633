"""CSV and XLSX files written row by row, so that a million rows need no more memory than ten."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.jobs.cells import csv_value, escape_formula, xlsx_value

SHEET_ROWS = 1_000_000


class CsvWriter:
    """UTF-8 with a byte-order mark, which Excel needs to read anything but English."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([escape_formula(heading) for heading in headings])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def row(self, values: Iterable[Any]) -> None:
        self._writer.writerow([csv_value(value) for value in values])


class XlsxWriter:
    """One sheet for every million rows; the first row is bold and stays in view."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        import xlsxwriter  # noqa: PLC0415 - large, and only who writes a workbook needs it

        options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._headings = headings
        self._next_row = 0
        self._new_sheet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()

    def row(self, values: Iterable[Any]) -> None:
        if self._next_row > SHEET_ROWS:
            self._new_sheet()
        for column, value in enumerate(values):
            self._cell(column, xlsx_value(value))
        self._next_row += 1

    def _new_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, heading in enumerate(self._headings):
            self._sheet.write_string(0, column, heading, self._bold)
        self._next_row = 1

    def _cell(self, column: int, value: Any) -> None:
        row = self._next_row
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            self._sheet.write_number(row, column, value)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(row, column, value)
        elif isinstance(value, date):
            self._sheet.write_datetime(row, column, value, self._day)
        else:
            self._sheet.write_string(row, column, value)


WRITERS: dict[str, type[CsvWriter] | type[XlsxWriter]] = {"csv": CsvWriter, "xlsx": XlsxWriter}

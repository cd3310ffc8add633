"""Opening a file as a table, whatever it is: CSV, compressed CSV or XLSX."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate, chain, islice, repeat
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from django.utils.translation import gettext_lazy as _

from core.records import maker
from core.tabular.cells import CleanCells, cell_text, clean_cell, lost_digits
from core.tabular.encoding import detect_encoding, refuse_above, sniff_delimiter
from core.tabular.exceptions import MAX_LINE, TabularError, line_too_long
from core.tabular.workbook import open_sheet

_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_PIECE_CHARACTERS = 64 * 1024
# Rows are read one by one until the header is found, and many at a time after it: what is done for each row alone is
# what reading a file costs.
_HEADER_ROWS = 20
_CHUNK_ROWS = 256
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may have at most; sizes in bytes, unpacked."""

    max_bytes: int = 200 << 20
    max_rows: int = 2_000_000
    max_columns: int = 300
    max_cells: int = 20_000_000


class Row(NamedTuple):
    """One row of the file.

    `number` counts from 1 as the file's own lines or rows do. `cells` is as long as the header. `problem` is
    empty or a code: "too_many_cells" (more cells than the header has), "lost_digits" (a number in a workbook
    that is too long to be exact; `problem_column` says where).
    """

    number: int
    cells: list[str]
    problem: str = ""
    problem_column: str = ""


_as_row = maker(Row)
# Rows of the file as they stand there, with the numbers of their first lines.
_Chunk = tuple[Sequence[int], Sequence[list[str]]]


class Table:
    """The header and the rows of a file; iterate once."""

    def __init__(self, header: list[str], rows: Iterator[Row], description: str, fraction: "_Fraction") -> None:
        self.header = header
        self.description = description  # such as "CSV, gb18030, tab", for logs and reports
        self._rows = rows
        self.fraction = fraction

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def fraction_read(self) -> float:
        """How much of the file has been read, 0 to 1, for a progress bar."""
        return self.fraction.read()


class _Fraction:
    """Progress by position in the file, or in a workbook's sheet."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size

    def read(self) -> float:
        return min(self.stream.tell() / self.size, 1.0) if self.size else 1.0


@contextmanager
def open_table(
    path: Path, *, limits: Limits | None = None, clean: bool = True, allow_gzip: bool = False
) -> Iterator[Table]:
    """Open a CSV or XLSX file; what it is shows in its first bytes, not in its name.

    `clean` takes the marks off that exporters put on ids (clean_cell). `allow_gzip` is for files from the
    command line. Raises TabularError, on entry or while the rows are read.
    """
    limits = limits or Limits()
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        head = raw.read(4)
        raw.seek(0)
        if head.startswith(_OLD_EXCEL):
            raise TabularError(_("This is an old Excel file. Save it as XLSX or CSV."), "old_excel")
        if not head:
            raise TabularError(_("The file is empty."), "empty_file")
        if head.startswith(_ZIP):
            yield _open_workbook(stack, path, limits, clean)
        elif head.startswith(_GZIP) and not allow_gzip:
            raise TabularError(_("Compressed files aren't accepted here. Unpack it first."), "compressed")
        else:
            packed = head.startswith(_GZIP)
            yield _open_text(stack, raw, path.stat().st_size, packed=packed, limits=limits, clean=clean)


def _open_text(stack: ExitStack, raw: BinaryIO, size: int, *, packed: bool, limits: Limits, clean: bool) -> Table:
    if not packed:
        refuse_above(size, limits.max_bytes)
    try:
        encoding = detect_encoding(_unpacked(raw) if packed else raw, limits.max_bytes)
    except (EOFError, OSError, zlib.error) as error:
        raise TabularError(_("The compressed file is damaged."), "broken_archive") from error
    raw.seek(0)
    stream = _unpacked(raw) if packed else raw
    text = stack.enter_context(io.TextIOWrapper(stream, encoding, newline=""))
    try:
        sample = text.read(_PIECE_CHARACTERS)
    except UnicodeDecodeError as error:
        raise _unreadable() from error
    delimiter = sniff_delimiter(sample.lstrip("\r\n").split("\n", 1)[0])
    records = csv.reader(_lines(sample, text), delimiter=delimiter)
    name = {"\t": "tab"}.get(delimiter, delimiter)
    numbered = _numbered_records(records)
    return _table(numbered, limits, clean, f"CSV, {encoding}, {name}", _Fraction(raw, size))


def _unreadable() -> TabularError:
    return TabularError(_("This text is in no encoding known here. Save the file as CSV in UTF-8."), "unknown_encoding")


def _unpacked(raw: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw, mode="rb"))


def _lines(sample: str, rest: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a text whose beginning has been read already."""
    return chain.from_iterable(io.StringIO(piece, newline="") for piece in _pieces(sample, rest))


def _pieces(sample: str, rest: io.TextIOWrapper) -> Iterator[str]:
    """The text in pieces of whole lines."""
    piece = sample
    while piece:
        # A line cut at the end of a piece is completed from the rest, so that line numbers stay right.
        yield piece if piece.endswith("\n") else piece + _line_of(rest)
        piece = rest.read(_PIECE_CHARACTERS)


def _line_of(text: io.TextIOWrapper) -> str:
    """The next line; "" at the end. A file of one endless line must not fill the memory."""
    line = text.readline(MAX_LINE)
    if len(line) == MAX_LINE:
        raise line_too_long(MAX_LINE)
    return line


def _numbered_records(records: Any) -> Iterator[_Chunk]:
    """The records of a csv.reader, each with the number of its first line."""
    number = 1
    for size in chain(repeat(1, _HEADER_ROWS), repeat(_CHUNK_ROWS)):
        chunk: list[list[str]] = []
        error: Exception | None = None
        try:
            chunk.extend(islice(records, size))  # which keeps what comes before an error
        except Exception as caught:  # noqa: BLE001 - raised below
            error = caught
        *numbers, following = _line_numbers(number, chunk, records.line_num)
        yield numbers, chunk
        if isinstance(error, UnicodeDecodeError | csv.Error):
            raise _broken(error, following) from error
        if error is not None:
            raise error
        if not chunk:
            return
        number = following


def _line_numbers(first: int, records: Sequence[list[str]], last: int) -> Sequence[int]:
    """The numbers of these records' first lines, and of the line after them; `last` is that of the last line read."""
    if last - first + 1 == len(records):
        return range(first, last + 2)
    return list(accumulate((1 + sum(map(_line_breaks, cells)) for cells in records), initial=first))


def _line_breaks(cell: str) -> int:
    return len(_LINE_BREAK.findall(cell))


def _broken(error: Exception, number: int) -> TabularError:
    if isinstance(error, UnicodeDecodeError):
        return _unreadable()
    return TabularError(
        _("Line %(line)d can't be read. Perhaps a quotation mark isn't closed.") % {"line": number}, "broken_line"
    )


def _open_workbook(stack: ExitStack, path: Path, limits: Limits, clean: bool) -> Table:
    refuse_above(path.stat().st_size, limits.max_bytes)
    sheet = open_sheet(stack, path, max_unpacked=limits.max_bytes * 4, max_cells=limits.max_cells)
    lost: dict[int, int] = {}

    def numbered() -> Iterator[_Chunk]:
        for number, row in sheet.rows:
            column = next((index for index, value in enumerate(row) if lost_digits(value)), None)
            if column is not None:
                lost[number] = column
            yield [number], [[cell_text(value) for value in row]]

    table = _table(numbered(), limits, clean, "XLSX", _Fraction(sheet.stream, sheet.size))
    return Table(table.header, _mark_lost(iter(table), lost, table.header), table.description, table.fraction)


def _mark_lost(rows: Iterator[Row], lost: dict[int, int], header: list[str]) -> Iterator[Row]:
    for row in rows:
        column = lost.pop(row.number, None)
        if column is None or column >= len(header) or row.problem:
            yield row
        else:
            yield row._replace(problem="lost_digits", problem_column=header[column])


def _table(
    chunks: Iterator[_Chunk],
    limits: Limits,
    clean: bool,
    description: str,
    fraction: _Fraction,
) -> Table:
    header = _read_header(chunks, limits)
    rows = chain.from_iterable(_rows(chunks, len(header), limits, clean))
    return Table(header, rows, description, fraction)


def _read_header(chunks: Iterator[_Chunk], limits: Limits) -> list[str]:
    """The first row that isn't blank; a blank line or two above it is forgiven."""
    for cells in chain.from_iterable(records for _numbers, records in islice(chunks, _HEADER_ROWS)):
        header = [clean_cell(cell.lstrip("\ufeff")) for cell in cells]
        while header and not header[-1]:
            header.pop()
        if header:
            _check_header(header, limits)
            return header
    raise TabularError(_("The file has no header row."), "empty_file")


def _check_header(header: list[str], limits: Limits) -> None:
    if len(header) > limits.max_columns:
        raise TabularError(
            _("The file has more than %(count)d columns.") % {"count": limits.max_columns}, "too_many_columns"
        )
    names = [name for name in header if name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TabularError(_("The column “%(name)s” is there twice.") % {"name": twice}, "duplicate_column")


def _rows(chunks: Iterator[_Chunk], width: int, limits: Limits, clean: bool) -> Iterator[Sequence[Row]]:
    """The rows that aren't blank, many at a time."""
    count = 0
    cleaned = CleanCells().__getitem__
    for numbers, records in chunks:
        rows = _rows_of(numbers, [list(map(cleaned, cells)) for cells in records] if clean else records, width)
        count += len(rows)
        if count > limits.max_rows:
            raise TabularError(
                _("The file has more than %(count)d rows.") % {"count": limits.max_rows}, "too_many_rows"
            )
        yield rows


def _rows_of(numbers: Sequence[int], records: Sequence[list[str]], width: int) -> Sequence[Row]:
    if set(map(len, records)) == {width} and all(map(any, records)):
        return list(map(_as_row, zip(numbers, records, repeat(""), repeat(""))))
    return [_fitted(number, cells, width) for number, cells in zip(numbers, records, strict=True) if any(cells)]


def _fitted(number: int, cells: list[str], width: int) -> Row:
    problem = "too_many_cells" if any(cells[width:]) else ""
    return Row(number, cells[:width] + [""] * (width - len(cells)), problem)

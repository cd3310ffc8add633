"""XLSX workbooks, looked at before they are unpacked."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from core.tabular.cells import CellValue
from core.tabular.exceptions import TabularError

_CHUNK = 1 << 20
_OVERLAP = 64
_MAX_MEMBERS = 2000
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Workbooks shrink to a tenth or a fiftieth; what unpacks to more than this many times itself was made to.
_MAX_RATIO = 200
_ALWAYS_UNPACKED = 50 << 20
# Attributes r="AB12" of cells and r="12" of rows, in either kind of quotes.
_CELL_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")


def read_sheet(path: Path, *, max_unpacked: int, max_cells: int) -> tuple[int, Iterator[list[CellValue]]]:
    """Height and rows of the first sheet that has any, after the archive was found harmless.

    Raises TabularError for broken, encrypted, oversized workbooks and for those that unpack to much more
    than they seem: the sizes in the archive's own directory aren't believed, and a single cell at XFD1048576,
    for which the reader would allocate a table of 17 billion cells, is seen beforehand.
    """
    _inspect(path, max_unpacked, max_cells)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height:
                return sheet.height, cast("Iterator[list[CellValue]]", sheet.iter_rows())
    except CalamineError as error:
        raise _broken() from error
    raise TabularError(_("The workbook is empty."), "empty_file")


def _inspect(path: Path, max_unpacked: int, max_cells: int) -> None:
    max_unpacked = min(max_unpacked, max(_ALWAYS_UNPACKED, path.stat().st_size * _MAX_RATIO))
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                raise _too_large()
            left = max_unpacked
            for member in members:
                if member.compress_type not in _COMPRESSIONS:
                    raise _broken()
                with archive.open(member) as stream:
                    left = _measure(cast("BinaryIO", stream), member.filename, left, max_cells)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _broken() from error


def _measure(stream: BinaryIO, name: str, left: int, max_cells: int) -> int:
    """Unpack one member piece by piece and throw it away; returns how many bytes the next ones may have."""
    is_sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
    columns = rows = 1
    tail = b""
    while chunk := stream.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise _too_large()
        if is_sheet:
            columns, rows = _extent(tail + chunk, columns, rows)
            if columns * rows > max_cells:
                raise _too_large()
            tail = chunk[-_OVERLAP:]
    return left


def _extent(xml: bytes, columns: int, rows: int) -> tuple[int, int]:
    """The largest column and row number that the piece of a sheet names."""
    for letters, digits in set(_CELL_PLACE.findall(xml)):
        if letters:
            columns = max(columns, _column_number(letters))
        rows = max(rows, int(digits[:9]))
    return columns, rows


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:6]:
        number = number * 26 + letter - 64
    return number


def _broken() -> TabularError:
    return TabularError(
        _("The workbook is damaged or protected by a password. Save it again as XLSX or CSV."),
        "broken_workbook",
    )


def _too_large() -> TabularError:
    return TabularError(_("The workbook is too large. Split it, or save it as CSV."), "workbook_too_large")

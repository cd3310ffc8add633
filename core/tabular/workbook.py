"""XLSX workbooks: the archive, looked at before it is unpacked, and the parts that a sheet's rows refer to.

Everything is read piece by piece, so that a workbook needs little memory however it was made: a reader that holds
the sheet, as most do, can be made to fill gigabytes by a file of some kilobytes that names one long string often.
"""

import errno
import mmap
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from django.utils.translation import gettext_lazy as _

from core.storage import room_needed
from core.tabular.cells import CellValue
from core.tabular.exceptions import TabularError
from core.tabular.formats import Meaning, meaning_of
from core.tabular.sheet import Reading, read_rows
from core.tabular.strings import SharedStrings
from core.tabular.xml import Listener, Malformed, read_xml

_CHUNK = 1 << 20
_MAX_MEMBERS = 2000
_MEMBER_SIGNATURE = b"PK\x01\x02"
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Workbooks shrink to a tenth or a fiftieth; what unpacks to more than this many times itself was made to.
_MAX_RATIO = 200
_ALWAYS_UNPACKED = 50 << 20
_MAX_FORMATS = 100_000
_ROOT = "xl/workbook.xml"
_DAMAGE = (Malformed, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, KeyError, ValueError)


class Sheet(NamedTuple):
    """The first sheet that has any rows: (number from 1, values), and where reading stands in so many bytes."""

    rows: Iterator[tuple[int, list[CellValue]]]
    stream: BinaryIO
    size: int


def open_sheet(stack: ExitStack, path: Path, *, max_unpacked: int, max_cells: int) -> Sheet:
    """Open a workbook for as long as the stack lives. Raises TabularError, also while the rows are read, StorageFull.

    Broken, encrypted and oversized workbooks are refused, and those that unpack to much more than they seem: the
    sizes in the archive's own directory aren't believed.
    """
    _inspect(path, max_unpacked)
    with _damage_named():
        archive = _Archive(stack.enter_context(zipfile.ZipFile(path)))
        strings = stack.enter_context(SharedStrings())
        archive.feed("sharedStrings", strings)
        styles = _Styles()
        archive.feed("styles", styles)
        reading = Reading(strings, styles.meanings(), archive.book.since_1904)
        for name in archive.sheets():
            stream = stack.enter_context(archive.open(name))
            rows = _told(read_rows(stream, reading, max_cells=max_cells, too_large=_too_large()))
            first = next((row for row in rows if any(value not in (None, "") for value in row[1])), None)
            if first is not None:
                return Sheet(chain([first], rows), stream, archive.size(name))
    raise TabularError(_("The workbook is empty."), "empty_file")


def _told(rows: Iterator[tuple[int, list[CellValue]]]) -> Iterator[tuple[int, list[CellValue]]]:
    with _damage_named():
        yield from rows


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        with room_needed():
            yield
    except _DAMAGE as error:
        raise _damaged() from error
    except OSError as error:  # an archive whose directory points to where nothing is
        if error.errno != errno.EINVAL:
            raise
        raise _damaged() from error


def _damaged() -> TabularError:
    return TabularError(
        _("The workbook is damaged or protected by a password. Save it again as XLSX or CSV."), "broken_workbook"
    )


class _Archive:
    """The parts of a workbook by what they are to it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {member.filename.replace("\\", "/").lower(): member for member in archive.infolist()}
        self.book = _Book()
        self._read(_ROOT, self.book)
        self._parts = _Relations()
        self._read("xl/_rels/workbook.xml.rels", self._parts)

    def sheets(self) -> Iterator[str]:
        """The names of the sheets' members, in the order that people see."""
        parts = self._parts.by_id
        return (parts[key][1] for key in self.book.sheets if key in parts and parts[key][0] == "worksheet")

    def feed(self, kind: str, listener: Listener) -> None:
        """Read the one part of this kind, if there is one."""
        name = next((target for found, target in self._parts.by_id.values() if found == kind), None)
        if name is not None and name.lower() in self._members:
            self._read(name, listener)

    def open(self, name: str) -> BinaryIO:
        return cast("BinaryIO", self._archive.open(self._members[name.lower()]))

    def size(self, name: str) -> int:
        return self._members[name.lower()].file_size

    def _read(self, name: str, listener: Listener) -> None:
        with self.open(name) as stream:
            for _piece in read_xml(stream, listener):
                pass


class _Attributes:
    """A listener to parts that keep everything in attributes."""

    wants_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class _Book(_Attributes):
    """xl/workbook.xml: the sheets in order, and which year days are counted from."""

    def __init__(self) -> None:
        self.sheets: list[str] = []
        self.since_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            _refuse_more(len(self.sheets), _MAX_MEMBERS)
            self.sheets.extend(value for key, value in attributes.items() if ":" in key and key.endswith(":id"))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "") in {"1", "true"}


class _Relations(_Attributes):
    """xl/_rels/workbook.xml.rels: id → (kind, name of the member)."""

    def __init__(self) -> None:
        self.by_id: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            _refuse_more(len(self.by_id), _MAX_MEMBERS)
            target = posixpath.join("/xl", attributes.get("Target", "").replace("\\", "/"))
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.by_id[attributes.get("Id", "")] = (kind, posixpath.normpath(target).lstrip("/"))


class _Styles(_Attributes):
    """xl/styles.xml: what the numbers in cells of each format mean."""

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._formats: list[int] = []
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            _refuse_more(len(self._codes), _MAX_FORMATS)
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:255]
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            _refuse_more(len(self._formats), _MAX_FORMATS)
            self._formats.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def meanings(self) -> list[Meaning]:
        known = {number: meaning_of(number, self._codes.get(number, "")) for number in set(self._formats)}
        return [known[number] for number in self._formats]


def _refuse_more(count: int, limit: int) -> None:
    if count >= limit:
        raise Malformed


def _inspect(path: Path, max_unpacked: int) -> None:
    """Unpack everything piece by piece and throw it away."""
    _count_members(path)
    left = min(max_unpacked, max(_ALWAYS_UNPACKED, path.stat().st_size * _MAX_RATIO))
    with _damage_named(), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.compress_type not in _COMPRESSIONS:
                raise Malformed
            with archive.open(member) as stream:
                while chunk := stream.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _too_large()


def _count_members(path: Path) -> None:
    """Before the archive's directory is read: it may be all of the file, and 500 bytes of memory for each 50 of it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = -1
        for _member in range(_MAX_MEMBERS + 1):
            place = content.find(_MEMBER_SIGNATURE, place + 1)
            if place < 0:
                return
    raise _too_large()


def _too_large() -> TabularError:
    return TabularError(_("The workbook is too large. Split it, or save it as CSV."), "workbook_too_large")

"""One sheet of a workbook, row by row as it is unpacked: ECMA-376 part 1, 18.3."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO

from core.tabular.cells import CellValue
from core.tabular.exceptions import MAX_LINE, TabularError, line_too_long
from core.tabular.formats import Meaning, elapsed, instant
from core.tabular.strings import SharedStrings, Text
from core.tabular.xml import Malformed, read_xml

_MAX_COLUMNS = 16_384
_MAX_ROWS = 1_048_576
_DIGITS = "0123456789"


# Column from 0, kind, style and text; a plain tuple, for there are millions.
_Cell = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the numbers in a sheet's cells refer to. `meanings` are those of the cell formats, by their place."""

    strings: SharedStrings
    meanings: Sequence[Meaning]
    since_1904: bool

    def value(self, kind: str, style: str, text: str) -> CellValue:
        """What a cell holds. Raises Malformed, ValueError."""
        if kind == "s":
            return self.strings[int(text)]
        if kind in {"", "n"}:
            return self._number(style, text) if text else None
        if kind == "b":
            return text.strip() in {"1", "true"}
        if kind == "d":
            return _iso(text)
        return None if kind == "e" else text  # inlineStr, str

    def _number(self, style: str, text: str) -> CellValue:
        number = float(text)
        if not math.isfinite(number):
            raise Malformed
        place = int(style) if style else 0
        meaning = self.meanings[place] if 0 <= place < len(self.meanings) else Meaning.NUMBER
        if meaning is Meaning.NUMBER:
            return number
        return instant(number, since_1904=self.since_1904) if meaning is Meaning.INSTANT else elapsed(number)


class _SheetListener:
    """Gathers the rows of a sheet, their values still as they are written."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[_Cell]]] = []
        self.count = 0
        self.wants_text = False
        self._text = Text()
        self._in_phonetic = False
        self._number = 0
        self._cells: list[_Cell] = []
        self._length = self._width = 0
        self._column = -1
        self._kind = self._style = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or (name == "t" and not self._in_phonetic):
            self.wants_text = True
        elif name == "row":
            self._number = _integer(attributes["r"]) if "r" in attributes else self._number + 1
            if not 0 < self._number <= _MAX_ROWS:
                raise Malformed
            self._cells, self._column = [], -1
            self._length = self._width = 0
        elif name == "rPh":
            self._in_phonetic = True

    def text(self, data: str) -> None:
        self._text.add(data)

    def end(self, name: str) -> None:
        self.wants_text = False
        if name == "c":
            text = self._text.take()
            self._length += len(text)
            if self._length > MAX_LINE:
                raise line_too_long(MAX_LINE)
            self._cells.append((self._column, self._kind, self._style, text))
            self._width = max(self._width, self._column + 1)
        elif name == "row":
            self.rows.append((self._number, self._cells))
            self.count += self._width  # blank cells before the last one are made as well
        elif name == "rPh":
            self._in_phonetic = False

    def _start_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        self._column = self._column + 1 if place is None else _column(place.rstrip(_DIGITS))
        if self._column >= _MAX_COLUMNS or len(self._cells) >= _MAX_COLUMNS:
            raise Malformed
        self._kind, self._style = attributes.get("t", ""), attributes.get("s", "")


def read_rows(
    stream: BinaryIO, reading: Reading, *, max_cells: int, too_large: TabularError
) -> Iterator[tuple[int, list[CellValue]]]:
    """(number, values) of the rows that are there; a row is as long as its last cell says.

    Raises Malformed, and `too_large` above so many cells.
    """
    listener = _SheetListener()
    for _piece in read_xml(stream, listener):
        rows, listener.rows = listener.rows, []
        if listener.count > max_cells:
            raise too_large
        for number, cells in rows:
            yield number, _values(cells, reading)


def _values(cells: Sequence[_Cell], reading: Reading) -> list[CellValue]:
    values: list[CellValue] = [None] * (max((cell[0] for cell in cells), default=-1) + 1)
    left = MAX_LINE
    for column, kind, style, text in cells:
        value = values[column] = reading.value(kind, style, text)
        if isinstance(value, str):
            left -= len(value)
            if left < 0:
                raise line_too_long(MAX_LINE)
    return values


def _iso(text: str) -> CellValue:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return found.replace(tzinfo=None)


@lru_cache(maxsize=_MAX_COLUMNS)
def _column(letters: str) -> int:
    """The number from 0 of the column "A" to "XFD"."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
        raise Malformed
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _integer(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Malformed
    return int(text)

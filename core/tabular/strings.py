"""The strings that the cells of a workbook share, kept so that many, long or often named ones cost little memory."""

import re
from array import array
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from core.tabular.exceptions import line_too_long
from core.tabular.xml import Malformed

# Characters that XML can't hold are written so; ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

# What the csv module takes for one cell too; Excel's own limit is 32,767.
MAX_TEXT = 131_072
_MAX_STRINGS = 8_000_000
_IN_MEMORY_BYTES = 16 << 20
_CACHED_CHARACTERS = 2 << 20
_CACHED_TEXTS = 10_000


class Text:
    """Collects a text in pieces; raises TabularError above MAX_TEXT characters."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0

    def add(self, piece: str) -> None:
        self.length += len(piece)
        if self.length > MAX_TEXT:
            raise line_too_long(MAX_TEXT)
        self.pieces.append(piece)

    def take(self) -> str:
        """The whole, and begin anew."""
        whole = "".join(self.pieces)
        self.pieces, self.length = [], 0
        return _ESCAPED.sub(_unescaped, whole) if "_x" in whole else whole


def _unescaped(match: re.Match[str]) -> str:
    """The character that is meant; nothing for those that no text has."""
    character = chr(int(match[1], 16))
    return character if character.isprintable() or character in "\t\n\r" else ""


class SharedStrings:
    """A listener to xl/sharedStrings.xml, and then the strings by their place. Large ones lie on the disk."""

    def __init__(self) -> None:
        self.wants_text = False
        self._text = Text()
        self._in_phonetic = False
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
        self._ends = array("Q", [0])
        self._cache: dict[int, str] = {}
        self._cached = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rPh":
            self._in_phonetic = True
        self.wants_text = name == "t" and not self._in_phonetic

    def text(self, data: str) -> None:
        self._text.add(data)

    def end(self, name: str) -> None:
        self.wants_text = False
        if name == "rPh":
            self._in_phonetic = False
        elif name == "si":
            self._keep(self._text.take())

    def _keep(self, text: str) -> None:
        if len(self._ends) > _MAX_STRINGS:
            raise Malformed
        data = text.encode()
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def __getitem__(self, place: int) -> str:
        found = self._cache.get(place)
        return self._load(place) if found is None else found

    def _load(self, place: int) -> str:
        if not 0 <= place < len(self._ends) - 1:
            raise Malformed
        begin, end = self._ends[place], self._ends[place + 1]
        self._file.seek(begin)
        text = self._file.read(end - begin).decode()
        if self._cached > _CACHED_CHARACTERS or len(self._cache) >= _CACHED_TEXTS:
            self._cache.clear()
            self._cached = 0
        self._cache[place] = text
        self._cached += len(text)
        return text

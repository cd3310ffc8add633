"""Cells of spreadsheets as text."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

# From here on a double no longer tells neighbouring integers apart, so a long id has lost its last digits.
EXACT_INTEGERS = 10**15

_FORMULA_TEXT = re.compile(r'^="(.*)"$', re.DOTALL)

_MARKS = frozenset("='\u2018`")
_FORMULA_STARTS = frozenset("=+-@＝＋－＠\t\r\n")

_KEPT_CELLS: Final = 16_000
_KEPT_CHARACTERS: Final = 100

CellValue = str | float | int | bool | datetime | date | time | timedelta | None


def clean_cell(text: str) -> str:
    """A cell without the marks by which exporters keep ids as text: `="123"`, `'123`, a tab before.

    An apostrophe is taken away before a digit, and before what a spreadsheet would take for a formula, where our own
    files have one; names may start with one. What stood behind our own is cleaned as it would have been without it.
    """
    text = text.strip()
    if text[:1] not in _MARKS:
        return text
    if text[:1] == "=" and (match := _FORMULA_TEXT.match(text)):
        text = match.group(1).replace('""', '"').strip()
    if text[:1] in {"'", "\u2018", "`"} and (text[1:2].isdigit() or text[1:2] in _FORMULA_STARTS):
        return clean_cell(text[1:])
    return text


class CleanCells(dict[str, str]):
    """clean_cell() by the text of the cell, filled as texts are looked up: most cells of a file repeat others."""

    def __missing__(self, text: str) -> str:
        clean = clean_cell(text)
        if len(text) <= _KEPT_CHARACTERS:
            if len(self) >= _KEPT_CELLS:
                self.clear()
            self[text] = clean
        return clean


def cell_text(value: CellValue) -> str:
    """A workbook's value as a CSV file would have it: 3.0 is "3", an instant is ISO 8601."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat().replace("T", " ")
    return str(value)


def lost_digits(value: CellValue) -> bool:
    """True for a number so long that the workbook no longer holds all of its digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= EXACT_INTEGERS

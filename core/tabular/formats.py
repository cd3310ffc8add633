"""Numbers of a workbook that mean a date or a time: ECMA-376 part 1, 18.8.30 (formats) and 18.17.4 (serials). Pure."""

import re
from datetime import date, datetime, time, timedelta
from enum import Enum

_NOT_PLACES = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]?|general', re.IGNORECASE | re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_PLACES = re.compile(r"[dmyhs]", re.IGNORECASE)
# Formats that every program knows by number; 27–36 and 50–58 are dates and times in East Asian editions.
_KNOWN = frozenset([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)])
_KNOWN_ELAPSED = 46

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's times have no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_FALSE_LEAP_DAY = 60  # 29 February 1900, which never was
_LAST = 2_958_466  # 1 January 10000


class Meaning(Enum):
    """What numbers in a format are."""

    NUMBER = "number"
    INSTANT = "instant"
    ELAPSED = "elapsed"


def meaning_of(number: int, code: str = "") -> Meaning:
    """What a format means, known by its number or spelled out as "yyyy-mm-dd"."""
    if not code:
        if number == _KNOWN_ELAPSED:
            return Meaning.ELAPSED
        return Meaning.INSTANT if number in _KNOWN else Meaning.NUMBER
    places = _NOT_PLACES.sub("", code)
    if _ELAPSED.search(places):
        return Meaning.ELAPSED
    return Meaning.INSTANT if _PLACES.search(places) else Meaning.NUMBER


def instant(serial: float, *, since_1904: bool = False) -> datetime | date | time | float:
    """The date, time of day or both that a serial number of days stands for; itself where it can't be one."""
    if not 0 <= serial < _LAST:
        return serial
    whole = timedelta(milliseconds=round(serial * 86_400_000))
    if serial < 1:
        return (_EPOCH + whole).time()
    epoch = _EPOCH_1904 if since_1904 else _EPOCH + timedelta(days=serial < _FALSE_LEAP_DAY)
    try:
        found = epoch + whole
    except OverflowError:
        return serial
    return found.date() if found.time() == time() else found


def elapsed(serial: float) -> timedelta | float:
    """The span that a number of days is; itself where it is longer than spans can be."""
    return timedelta(milliseconds=round(serial * 86_400_000)) if abs(serial) < _LAST else serial

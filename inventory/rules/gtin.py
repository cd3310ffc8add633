"""GTIN-8, -12, -13 and -14 (GS1 General Specifications, section 7.9: check digit calculation)."""

import re
from functools import lru_cache

_LENGTHS = frozenset({8, 12, 13, 14})
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")


class InvalidGtin(ValueError):
    """Not a GTIN; `code` says why: "characters", "length" or "check_digit"."""

    def __init__(self, code: str, expected: str = "") -> None:
        self.code = code
        self.expected = expected
        super().__init__(code)


def check_digit(body: str) -> int:
    """The check digit for the digits that stand before it: weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def normalise_gtin(text: str) -> str:
    """The 14-digit form of a barcode as typed or scanned; spaces and hyphens are ignored.

    Raises InvalidGtin with the expected check digit where only that one is wrong.
    """
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidGtin("characters")
    if len(digits) not in _LENGTHS:
        raise InvalidGtin("length")
    expected = str(check_digit(digits[:-1]))
    if digits[-1] != expected:
        raise InvalidGtin("check_digit", expected)
    return digits.zfill(14)


@lru_cache(maxsize=8192)
def gtin_or_none(text: str) -> str | None:
    """The 14-digit form, or None when the text is no valid GTIN."""
    try:
        return normalise_gtin(text)
    except InvalidGtin:
        return None


def display_gtin(gtin: str) -> str:
    """The shortest customary form of a 14-digit GTIN: 8, 12, 13 or 14 digits.

    A GTIN-12 is shown with 12 digits only when it starts with two zeros in its 14-digit form, as GS1 does.
    """
    if gtin.startswith("000000"):
        return gtin[6:]
    if gtin.startswith("00"):
        return gtin[2:]
    return gtin.removeprefix("0")

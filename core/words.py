"""Texts put together of parts, with the punctuation of the reader's language."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext

_QUOTES: Final = "“”‘’"


def listed(items: Iterable[object]) -> str:
    """The items one after the other: "Price, Payment"."""
    return gettext(", ").join(str(item) for item in items)


def said_of(name: object, words: object) -> str:
    """What is said of something: "Channel: Web shop"."""
    return gettext("%(name)s: %(words)s") % {"name": name, "words": words}


def run_on(*parts: object) -> str:
    """Parts that follow each other in one text, such as sentences; empty ones are left out.

    A space stands between them except where Chinese meets Chinese or follows a full-width mark. The characters
    decide, not the language: a name within a Chinese text may be Latin.
    """
    text = ""
    for part in filter(None, map(str, parts)):
        text += f" {part}" if text and not _touch(text[-1], part[0]) else part
    return text


def _touch(last: str, first: str) -> bool:
    """Whether nothing stands between the two; quotation marks are as wide as what is beside them."""
    if _is_wide(last):
        return _is_wide(first) or first in _QUOTES or unicodedata.category(last).startswith("P")
    return last in _QUOTES and _is_wide(first)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"

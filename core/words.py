"""Texts put together of parts, with the punctuation of the reader's language."""

from collections.abc import Iterable

from django.utils.translation import gettext


def listed(items: Iterable[object]) -> str:
    """The items one after the other: "Price, Payment"."""
    return gettext(", ").join(str(item) for item in items)


def said_of(name: object, words: object) -> str:
    """What is said of something: "Channel: Web shop"."""
    return gettext("%(name)s: %(words)s") % {"name": name, "words": words}

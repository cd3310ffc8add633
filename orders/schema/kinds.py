"""Kinds of values: each turns a JSON value into what the order keeps, or raises Refused.

A kind also carries its JSON Schema, so that the published document can't differ from what is accepted.
Limits are those of the columns that the values end in; a value that passes here always fits the database.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.countries import country_code
from core.money import CURRENCIES, SUPPORTED
from orders.schema.errors import Refused
from orders.schema.model import Defaults

MAX_QUANTITY: Final = 1_000_000
ZERO: Final = Decimal("0.00")

Parse = Callable[[Any, Defaults], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    parse: Parse
    schema: Mapping[str, Any]


# NUL and lone surrogates can't be stored at all, the others break labels and files.
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")


def text(max_length: int, *, lines: bool = False) -> Kind:
    """Text without control characters; with `lines`, line breaks and tabs are allowed."""
    forbidden = _CONTROL_BUT_LINES if lines else _CONTROL

    def parse(value: Any, _: Defaults) -> str:
        if type(value) is not str:
            raise Refused("not_text")
        kept: str = value.strip()
        if len(kept) > max_length:
            raise Refused("too_long", limit=max_length)
        if not kept.isprintable() and forbidden.search(kept):
            raise Refused("control_characters")
        return kept

    allowed = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$" if lines else r"^[^\u0000-\u001f\u007f]*$"
    return Kind(parse, {"type": "string", "maxLength": max_length, "pattern": allowed})


def amount(integer_digits: int, places: int) -> Kind:
    """Money, not negative, exact: JSON number or decimal string."""
    limit = Decimal(10) ** integer_digits
    step = Decimal(1).scaleb(-places)
    zero = Decimal(0).quantize(step)

    def parse(value: Any, _: Defaults) -> Decimal:
        return from_text(value) if type(value) is str else exact(_decimal(value))

    @lru_cache(maxsize=4096)
    def from_text(value: str) -> Decimal:
        return exact(_decimal(value))

    def exact(number: Decimal) -> Decimal:
        if number < 0:
            raise Refused("negative")
        if number >= limit:
            raise Refused("too_large", limit=str(limit - step))
        kept = number.quantize(step)
        if kept != number:
            raise Refused("too_precise", places=places)
        return kept if number else zero

    pattern = rf"^[0-9]{{1,{integer_digits}}}(\.[0-9]{{1,{places}}})?$"
    number = {"type": "number", "minimum": 0, "exclusiveMaximum": int(limit)}
    return Kind(parse, {"oneOf": [{"type": "string", "pattern": pattern}, number], "examples": ["12.50"]})


def _decimal(value: Any) -> Decimal:
    kind = type(value)
    if kind is str:
        if not _NUMBER.fullmatch(value):
            raise Refused("not_a_number")
        return Decimal(value)
    if kind is Decimal or kind is int:
        number = Decimal(value)
    elif kind is float:
        number = Decimal(repr(value))
    else:
        raise Refused("not_a_number")
    if not number.is_finite():
        raise Refused("not_a_number")
    return number


def _parse_quantity(value: Any, _: Defaults) -> int:
    return _quantity_from_text(value) if type(value) is str else _quantity(value)


def _quantity(value: Any) -> int:
    if type(value) is not int:
        try:
            number = _decimal(value)
        except Refused:
            raise Refused("not_an_integer") from None
        # A huge exponent would be written out as digits by int(), so the size is looked at first.
        if abs(number) <= MAX_QUANTITY and number != int(number):
            raise Refused("not_an_integer")
        value = number
    if value < 1:
        raise Refused("not_positive")
    if value > MAX_QUANTITY:
        raise Refused("too_large", limit=MAX_QUANTITY)
    return int(value)


_quantity_from_text = lru_cache(maxsize=1024)(_quantity)

QUANTITY: Final = Kind(_parse_quantity, {"type": "integer", "minimum": 1, "maximum": MAX_QUANTITY})


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _parse_moment(value: Any, defaults: Defaults) -> datetime:
    if type(value) is not str:
        raise Refused("not_a_timestamp")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Refused("not_a_timestamp") from None
    if not 1970 <= moment.year < 2200:
        raise Refused("out_of_range")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(defaults.time_zone))
    return moment.astimezone(UTC)


MOMENT: Final = Kind(
    _parse_moment,
    {
        "type": "string",
        "format": "date-time",
        "description": "ISO 8601. Without a zone it is read in the channel's time zone.",
    },
)


def _parse_currency(value: Any, _: Defaults) -> str:
    if type(value) is not str:
        raise Refused("not_text")
    if value not in CURRENCIES:
        raise Refused("unknown_currency")
    if value not in SUPPORTED:
        raise Refused("unsupported_currency")
    return value


CURRENCY: Final = Kind(_parse_currency, {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["CNY"]})


@lru_cache(maxsize=4096)
def _country(name: str) -> str | None:
    return country_code(name)


def _parse_country(value: Any, _: Defaults) -> str:
    if type(value) is not str:
        raise Refused("not_text")
    if len(value) > 80:
        raise Refused("too_long", limit=80)
    if not value.strip():
        return ""
    code = _country(value.strip())
    if not code:
        raise Refused("unknown_country")
    return code


COUNTRY: Final = Kind(
    _parse_country,
    {
        "type": "string",
        "maxLength": 80,
        "description": "ISO 3166 alpha-2, or the country's name in English or Chinese.",
        "examples": ["CN"],
    },
)


def choice(values: tuple[str, ...]) -> Kind:
    """One of a few words."""
    known = frozenset(values)
    listed = ", ".join(values)

    def parse(value: Any, _: Defaults) -> str:
        if type(value) is not str or value not in known:
            raise Refused("not_a_choice", choices=listed)
        return value

    return Kind(parse, {"type": "string", "enum": list(values)})


def text_list(max_items: int, max_length: int) -> Kind:
    """A list of short texts; empty ones and repeats are dropped."""
    item = text(max_length)

    def parse(value: Any, defaults: Defaults) -> tuple[str, ...]:
        if type(value) is not list:
            raise Refused("not_a_list")
        if len(value) > max_items:
            raise Refused("too_many", limit=max_items)
        texts = dict.fromkeys(item.parse(entry, defaults) for entry in value)
        return tuple(entry for entry in texts if entry)

    return Kind(parse, {"type": "array", "maxItems": max_items, "items": dict(item.schema)})

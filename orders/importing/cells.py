"""Cells of order files as values of the canonical order."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

_TRAILING_ZERO = re.compile(r"([0-9]+)\.0+")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
# "2026/3/1 9:05", as spreadsheets in Chinese write it.
_LOOSE_MOMENT = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]+([0-9]{1,2}):([0-9]{2}(?::[0-9]{2})?))?"
)
# "22.11.2026 09:14": where dots part a date, the day comes first.
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?:,?[ T]+([0-9]{1,2}):([0-9]{2}(?::[0-9]{2})?))?")
_READ_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\d)")
# Tried on dates that aren't read by themselves, to name the formats that would read them.
_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%d/%m/%y", "%Y%m%d")
USUAL_FORMATS: Final = tuple(f"{day}{time}" for day in _DAYS for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p"))
_AMOUNT_NOISE = re.compile(r"[\s ¥￥$£€元]|CNY|USD|GBP|EUR|RMB", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
# Marketplaces export personal data encrypted ("##…", "$$…", "~…~", "#…#") where the shop may not see it.
_CIPHERTEXT = re.compile(r"^(?:##|\$\$|~.{8,}~|#[A-Za-z0-9+/=]{16,}#)")
_CN_POSTCODE = re.compile(r"[(（]\s*([0-9]{6})\s*[)）]\s*$")


@lru_cache(maxsize=8192)
def plain_id(text: str) -> str:
    """ "17850.0", as spreadsheets turn a customer number, is "17850"."""
    match = _TRAILING_ZERO.fullmatch(text)
    return match[1] if match else text


@lru_cache(maxsize=8192)
def number(text: str) -> str:
    """A number as the order's parser reads it: no currency sign, no thousands separators, a point for the decimals.

    "1.234,50" and "10,89" have a decimal comma. "1,234" is taken for thousands, as it is in most files.
    What isn't a number comes back as it is, for the parser to name it.
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return text
    stripped = _with_point(_AMOUNT_NOISE.sub("", text))
    return stripped if _PLAIN_NUMBER.fullmatch(stripped) else text


def _with_point(text: str) -> str:
    """Of comma and point the later one parts the decimals; what occurs twice parts thousands."""
    is_decimal = text.count(",") == 1 and text.find(",") > text.rfind(".") and not _THOUSANDS.fullmatch(text)
    return text.replace(".", "").replace(",", ".") if is_decimal else text.replace(",", "")


def is_ciphertext(text: str) -> bool:
    """Whether the cell is encrypted, so that it says nothing."""
    return _CIPHERTEXT.match(text) is not None


def moment_reader(formats: Sequence[str]) -> Callable[[str], str]:
    """A function from a cell to ISO 8601; `formats` are strptime's. Unreadable cells come back as they are."""

    @lru_cache(maxsize=1024)
    def read(text: str) -> str:
        for form in formats:
            try:
                return datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - naive means the channel's zone
            except ValueError:
                continue
        if loose := _LOOSE_MOMENT.fullmatch(text):
            return _iso(*loose.groups())
        if dotted := _DAY_FIRST.fullmatch(text):
            day, month, year, hour, rest = dotted.groups()
            return _iso(year, month, day, hour, rest)
        return text.replace("/", "-") if text[:4].isdigit() else text

    return read


def is_moment(text: str) -> bool:
    """Whether a cell came out of a moment_reader as a date or a time."""
    if _READ_MOMENT.match(text):
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def fitting_formats(cells: Sequence[str]) -> list[str]:
    """The usual strptime formats that read all of these cells: two where day and month can't be told apart."""
    return [form for form in USUAL_FORMATS if all(moment_reader([form])(cell) != cell for cell in cells)]


def written_as(form: str) -> str:
    """The afternoon of 31 December 2026 in a strptime format: what a person knows a format by."""
    return datetime(2026, 12, 31, 14, 30).strftime(form)  # noqa: DTZ001 - an example


def _iso(year: str, month: str, day: str, hour: str | None, rest: str | None) -> str:
    date = f"{year}-{month:0>2}-{day:0>2}"
    return f"{date}T{hour:0>2}:{rest}" if hour else date


def unit_price(amount: str, quantity: str) -> tuple[str, str]:
    """(price of one, discount of the line) that make exactly `amount` for `quantity`.

    The price is rounded up to the cent; the discount takes the difference. Unreadable cells give (amount, "0").
    """
    try:
        total, count = Decimal(number(amount)), Decimal(number(quantity))
    except InvalidOperation:
        return amount, "0"
    if count <= 0 or total < 0:
        return amount, "0"
    price = (total / count).quantize(Decimal("0.01"), ROUND_UP)
    return str(price), str(price * count - total)


def split_address(text: str) -> dict[str, str]:
    """Parts of "广东省 深圳市 南山区 科技路 1 号 (518000)", the way Chinese marketplaces write addresses.

    With fewer than three spaces the whole is left in `street`, for validation to look at.
    """
    parts: dict[str, str] = {}
    if match := _CN_POSTCODE.search(text):
        parts["postal_code"] = "" if match[1] == "000000" else match[1]
        text = text[: match.start()]
    words = text.split()
    if len(words) >= 4:
        parts["province"], parts["city"], parts["district"] = words[:3]
        parts["street"] = " ".join(words[3:])
    else:
        parts["street"] = " ".join(words)
    return parts

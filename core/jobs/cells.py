"""Values as they stand in the files that people download."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

# A cell that starts so is taken for a formula by spreadsheet programs, which can run programs and send data away.
# Chinese and Japanese ones take the full-width signs as well.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def csv_value(value: Any) -> str:
    """A value as text; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    Instants are ISO 8601 to the second in the active time zone.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return _local(value).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return escape_formula(str(value))


def escape_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def xlsx_value(value: Any) -> str | int | float | bool | datetime | date | None:
    """A value that XlsxWriter writes with its own type. Texts are written as texts, so they need no apostrophe."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):  # Excel knows no time zones
        return _local(value).replace(microsecond=0)
    if isinstance(value, date):
        return value
    return str(value)


def _local(value: datetime) -> datetime:
    """The wall clock's reading in the active time zone, without a zone."""
    return timezone.make_naive(value) if timezone.is_aware(value) else value

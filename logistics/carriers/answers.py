"""What carriers answer, made fit to be kept: the far end of a wire can hold anything."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

# NUL and lone surrogates can't be stored at all, the others break pages, labels and files.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_MOST_COST: Final = Decimal(10) ** 9


def clean_text(text: str, limit: int) -> str:
    """`text` without control characters, at most `limit` characters long."""
    return text[:limit] if text.isprintable() else _CONTROL.sub("", text[: 2 * limit])[:limit]


def is_name(text: str, limit: int) -> bool:
    """Whether `text` can be a number or a code that is sent back to the carrier: shortening it would change it."""
    return bool(text.strip()) and len(text) <= limit and text.isprintable()


def is_plausible(moment: datetime) -> bool:
    """Whether a parcel can have been anywhere at that time."""
    return _FIRST <= moment < _LAST


def is_cost(amount: Decimal) -> bool:
    """Whether an amount is one that a label can cost."""
    return amount.is_finite() and 0 <= amount < _MOST_COST

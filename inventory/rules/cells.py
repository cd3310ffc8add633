"""Values of import files: numbers and yes/no as people write them."""

import re
from decimal import Decimal, InvalidOperation

_CURRENCY = re.compile(r"^(?:CN¥|US\$|[¥￥$€£]|RMB|CNY|USD|EUR|GBP)\s*|\s*(?:元|[¥￥$€£])$", re.IGNORECASE)
_GROUPED_BY_COMMA = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_GROUPED_BY_POINT = re.compile(r"^[+-]?\d{1,3}(\.\d{3})+,\d+$")
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_PLAIN = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)$")
_YES = frozenset({"1", "y", "yes", "true", "t", "是", "启用", "有"})
_NO = frozenset({"0", "n", "no", "false", "f", "否", "停用", "无"})


def parse_decimal(text: str) -> Decimal | None:
    """A number with either kind of separators and an optional currency sign; None if it is no number.

    "1,234" is one thousand two hundred and thirty-four, "1,5" is one and a half.
    """
    bare = re.sub(r"[\s\u00a0\u202f']", "", _CURRENCY.sub("", text.strip()))
    if _GROUPED_BY_COMMA.match(bare):
        bare = bare.replace(",", "")
    elif _GROUPED_BY_POINT.match(bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif _DECIMAL_COMMA.match(bare):
        bare = bare.replace(",", ".")
    if not _PLAIN.match(bare) or not bare.isascii():
        return None
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def parse_whole(text: str) -> int | None:
    """A whole number ("12", "12.0", "1,200"); None for anything else."""
    number = parse_decimal(text)
    if number is None or number != number.to_integral_value():
        return None
    return int(number)


def parse_yes_no(text: str) -> bool | None:
    """True, False, or None for a word that is neither."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    return False if word in _NO else None


def split_list(text: str) -> list[str]:
    """Several values in one cell, separated by ; or , or | or a line break."""
    return [item.strip() for item in re.split(r"[;,|\n；，、]", text) if item.strip()]

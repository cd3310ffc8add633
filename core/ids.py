"""Ids that come in from outside."""

_DIGITS = 18  # as many as every bigint can have


def parse_id(text: str) -> int | None:
    """A row's id as an address or a form names it; None for what can't be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None

"""What each channel's own format means as a canonical order. Pure: no database, no clock."""

from typing import Any

from orders.channels import shopify
from orders.enums import IntakeSource
from orders.schema import FieldError, Refused, from_table


def readable(source: str, raw: Any) -> Any:
    """A kept message for people: that of a file with its lines as objects, any other as it came."""
    return from_table(raw) if source == IntakeSource.FILE else raw


def canonical_payload(source: str, raw: Any) -> Any:
    """The payload for orders.services.intake.receive that a kept message stands for.

    A message that its format's mapping refuses becomes a list of FieldErrors.
    """
    if source != IntakeSource.WEBHOOK:
        return readable(source, raw)
    try:
        return shopify.to_canonical(raw)
    except Refused as refused:
        return [FieldError("", refused.code, refused.params)]

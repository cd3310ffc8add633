"""What can be wrong with a field of an order, in words that the sender can act on."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop

from core.ui.formats import exact_number_text

REASONS: Final[Mapping[str, str]] = {
    "required": gettext_noop("is required"),
    "unknown_key": gettext_noop("isn't a field of an order"),
    "not_an_object": gettext_noop("must be a JSON object"),
    "not_a_list": gettext_noop("must be a list"),
    "not_text": gettext_noop("must be text"),
    "not_a_number": gettext_noop("must be a number such as 12.50"),
    "not_an_integer": gettext_noop("must be a whole number"),
    "not_a_timestamp": gettext_noop("must be a time such as 2025-03-01T09:30:00+08:00"),
    "out_of_range": gettext_noop("must lie between the years 1970 and 2199"),
    "too_long": gettext_noop("is longer than %(limit)s characters"),
    "control_characters": gettext_noop("contains control characters"),
    "negative": gettext_noop("must not be negative"),
    "not_positive": gettext_noop("must be at least 1"),
    "too_large": gettext_noop("is too large: the limit is %(limit)s"),
    "too_precise": gettext_noop("has more than %(places)s decimals"),
    "too_few": gettext_noop("must have at least %(limit)s item"),
    "too_many": gettext_noop("has more than %(limit)s items"),
    "unknown_currency": gettext_noop("must be a currency code of ISO 4217"),
    "unsupported_currency": gettext_noop("has three decimals, which amounts here don't keep"),
    "unknown_country": gettext_noop("isn't a country: use a code of ISO 3166 such as CN"),
    "not_a_choice": gettext_noop("must be one of: %(choices)s"),
    "exceeds_amount": gettext_noop("is more than the amount that it is taken from"),
    # Found while mapping a channel's format or a file, before there is an order.
    "cancellation": gettext_noop("is a cancellation of an earlier invoice, not an order"),
    "adjustment": gettext_noop("is a bookkeeping adjustment, not an order"),
    "negative_quantity": gettext_noop("takes goods back: the quantity is negative"),
    "repeated_row": gettext_noop("repeats an earlier row of the same order exactly"),
    "too_many_cells": gettext_noop("has more cells than the header"),
    "lost_digits": gettext_noop("is a number too long for a workbook: format the column as text and export again"),
    "unknown_topic": gettext_noop("isn’t about orders: %(topic)s"),
    "not_an_order": gettext_noop("isn’t an order of this channel"),
    "not_an_order_status": gettext_noop("is closed or refunded on the channel: %(status)s"),
    "outdated": gettext_noop("is older than what is known of this order: nothing was changed"),
    "after_release": gettext_noop("came after the release: a person decides what to do"),
    "cancellation_requested": gettext_noop("came when the order was under way: a person decides about stopping it"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason why an order is refused. `field` is a path such as "lines[0].quantity"."""

    field: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason in the language of the moment."""
        limit = self.params.get("limit")
        params = self.params if limit is None else {**self.params, "limit": exact_number_text(limit)}
        return gettext(REASONS[self.code]) % params

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "FieldError":
        """The error that as_json() wrote."""
        return cls(entry.get("field", ""), entry["code"], entry.get("params", {}))

    def as_json(self) -> dict[str, Any]:
        """The form in which the error is stored and answered; the reason is English there."""
        reason = REASONS[self.code] % self.params
        entry: dict[str, Any] = {"field": self.field, "code": self.code, "reason": reason}
        return {**entry, "params": dict(self.params)} if self.params else entry


class Refused(Exception):
    """A value can't be taken; raised by the kinds of orders.schema.kinds."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

"""What validation found, in the reader's language: stored findings keep codes and plain values."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from core.countries import country_name
from core.ui.formats import exact_money_text, exact_number_text
from core.words import run_on
from orders.enums import PaymentStatus
from orders.models import Order
from orders.rules.balance import PAID_FOR_TOTAL
from orders.schema.words import field_words

_AMOUNT: Final = re.compile(
    r"(items_total|shipping_fee|discount|tax|total)|lines\[\d+\]\.(unit_price|discount|tax|total)"
)
_ORDER_AMOUNTS: Final = frozenset({"shipping_fee", "discount", "tax", "total"})
_QUANTITY: Final = re.compile(r"lines\[\d+\]\.quantity")
_AT_MOST: Final = "≤ "
# They expect a code of a certain form; which one, nobody knows but the recipient.
_OF_A_FORM: Final = frozenset({"address.bad_format", "address.bad_optional", "address.no_postal_code"})


def value_words(path: str, value: str, currency: str) -> str:
    """A value of the field at `path` of an order in `currency`: codes by their names, amounts as money."""
    if path == "payment.status" and value in PaymentStatus.values:
        return str(PaymentStatus(value).label)
    if path == "shipping_address.country" and value:
        return country_name(value)
    bound = _AT_MOST if value.startswith(_AT_MOST) else ""
    number = _number(value.removeprefix(bound))
    if number is not None and _AMOUNT.fullmatch(path):
        return bound + exact_money_text(number, currency)
    if number is not None and _QUANTITY.fullmatch(path):
        return bound + exact_number_text(number)
    return value


def expected_words(finding: Mapping[str, Any], currency: str) -> str:
    """What a finding {code, field, expected, suggestion} expects; of a form that it is only an example."""
    expected = str(finding["expected"])
    is_example = finding["code"] in _OF_A_FORM and not finding.get("suggestion")
    if is_example and expected.isascii() and any(map(str.isdigit, expected)):
        return _("a postal code like %(example)s (only an example)") % {"example": expected}
    return value_words(finding["field"], expected, currency)


def suggested_words(finding: Mapping[str, Any], order: Order) -> str:
    """What a finding suggests, one after the other, amounts with what they are now; "" where it suggests none.

    Where money was paid it is said what comes of it.
    """
    suggestion: Mapping[str, str] = finding["suggestion"] or {}
    steps = " · ".join(_step(path, value, order) for path, value in suggestion.items())
    return run_on(f"{steps}." if (comes := _comes_of(suggestion, order)) else steps, comes)


def _step(path: str, value: str, order: Order) -> str:
    words = value_words(path, value, order.currency)
    if path not in _ORDER_AMOUNTS:
        return words
    now = value_words(path, str(getattr(order, path)), order.currency)
    return f"{field_words(path)} {now} → {words}"


def _comes_of(suggestion: Mapping[str, str], order: Order) -> str:
    paid = order.balance.paid
    if order.payment_status not in PAID_FOR_TOTAL or paid is None:
        return ""
    total = exact_money_text(order.total, order.currency)
    if set(suggestion) == {"discount"}:
        return _("The total stays %(total)s, as the customer was charged.") % {"total": total}
    if "total" not in suggestion or not paid:  # authorised only: nothing has been paid
        return ""
    words = {"paid": exact_money_text(paid, order.currency)}
    difference = paid - Decimal(suggestion["total"])
    if difference > 0:
        words["due"] = exact_money_text(difference, order.currency)
        return _("The customer paid %(paid)s; %(due)s is to be refunded.") % words
    return _("The customer paid %(paid)s.") % words


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None

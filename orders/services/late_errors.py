"""Corrections of what a warehouse has: no validation comes after them, so what it would hold is refused here."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from django.utils.translation import gettext

from core.exceptions import DomainError
from orders.enums import HoldReason
from orders.finding_words import expected_words
from orders.models import Order
from orders.rules.validation import ORDER_ATTRIBUTES, FindingDraft, OrderFacts, message, validate
from orders.selectors.facts import order_facts, ship_to
from orders.services.progress import begun_orders


def facts_of_begun(order: Order, *, at: datetime) -> OrderFacts | None:
    """What validation knows of recipient and buyer before a correction; None while no warehouse has a part of the
    order, because validation looks at it afterwards."""
    return order_facts([order], {}, now=at)[0] if begun_orders([order.pk]) else None


def refuse_new_errors(order: Order, before: OrderFacts) -> None:
    """Raise DomainError, naming each field, if a correction brings in what would have held the order for its address.

    What was wrong before stays as it is: it was accepted by somebody, or isn't what this correction is about. Nothing
    is refused if the correction has taken everything back from the warehouses: validation looks at it then.
    """
    after = replace(before, ship_to=ship_to(order), buyer_email=order.buyer_email, buyer_phone=order.buyer_phone)
    known = [_key(finding) for finding in _address_errors(before)]
    new = [finding for finding in _address_errors(after) if _key(finding) not in known]
    if new and begun_orders([order.pk]):
        first, *others = [_refusal(finding, order.currency) for finding in new]
        first.others = others
        raise first


def _address_errors(facts: OrderFacts) -> Sequence[FindingDraft]:
    return [finding for finding in validate(facts) if finding.hold == HoldReason.ADDRESS]


def _key(finding: FindingDraft) -> tuple[object, ...]:
    return finding.code, finding.field, finding.params


def _refusal(finding: FindingDraft, currency: str) -> DomainError:
    field = ORDER_ATTRIBUTES.get(finding.field, finding.field)
    return DomainError(_words(finding, currency), finding.code, field=field)


def _words(finding: FindingDraft, currency: str) -> str:
    problem = message(finding.code, finding.params, currency)
    expected = expected_words(asdict(finding), currency)
    return (
        gettext("%(problem)s Expected: %(expected)s") % {"problem": problem, "expected": expected}
        if expected
        else problem
    )

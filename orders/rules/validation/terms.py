"""Is it a new order, is it paid, and can its promise still be kept?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from orders.enums import FindingSeverity, HoldReason, PaymentStatus
from orders.rules.validation.facts import FindingDraft, OrderFacts
from orders.rules.validation.registry import Check, check, rule

ERROR, WARNING = FindingSeverity.ERROR, FindingSeverity.WARNING
_CLOCKS_DIFFER: Final = timedelta(hours=24)

DUPLICATE = check(
    "duplicate.order", ERROR, HoldReason.DUPLICATE,
    _("Order %(number)s has the same customer, lines and address."),
)  # fmt: skip
UNPAID = check(
    "payment.unpaid", WARNING, HoldReason.PAYMENT, _("The order isn't paid."), holds_always=True
)  # fmt: skip
PARTLY_PAID = check(
    "payment.partial", WARNING, HoldReason.PAYMENT, _("The order is paid in part only."), holds_always=True
)
PAYMENT_GONE = check(
    "payment.gone", ERROR, HoldReason.PAYMENT, _("The payment was voided or refunded."), holds_always=True
)
SHIP_BY_PAST = check("ship_by.past", WARNING, None, _("The time to ship by has passed."))
PLACED_IN_FUTURE = check("placed_at.future", WARNING, None, _("The order was placed in the future."))


@rule
def duplicate(facts: OrderFacts) -> Iterator[FindingDraft]:
    """No earlier order of the same content within the channel's window, under another external id."""
    window = facts.channel.duplicate_window
    earlier = [
        other
        for other in facts.duplicates
        if other.order_id < facts.order_id
        and not other.is_cancelled
        and other.external_id != facts.external_id
        and abs(other.placed_at - facts.placed_at) <= window
    ]
    if earlier:
        first = min(earlier, key=lambda other: other.order_id)
        yield DUPLICATE("external_id", number=first.number, order_id=first.order_id, external_id=first.external_id)


@rule
def payment(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Paid, or to be paid in a way that the channel allows."""
    status = facts.payment_status
    if not facts.channel.requires_payment or status in PaymentStatus.SETTLED:  # type: ignore[attr-defined]
        return
    if status in facts.channel.listed("payment_allowed"):
        return
    checks: dict[str, Check] = {
        PaymentStatus.PARTIALLY_PAID: PARTLY_PAID,
        PaymentStatus.VOIDED: PAYMENT_GONE,
        PaymentStatus.REFUNDED: PAYMENT_GONE,
    }
    yield checks.get(status, UNPAID)("payment.status", expected=PaymentStatus.PAID.value)


@rule
def dates(facts: OrderFacts) -> Iterator[FindingDraft]:
    """The promise lies ahead, the order lies behind."""
    if facts.ship_by and facts.ship_by < facts.now:
        yield SHIP_BY_PAST("ship_by", ship_by=facts.ship_by.isoformat())
    if facts.placed_at > facts.now + _CLOCKS_DIFFER:
        yield PLACED_IN_FUTURE("placed_at", placed_at=facts.placed_at.isoformat())

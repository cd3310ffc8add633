"""What was paid for an order against what it costs. Nothing is asked of a customer, or kept, without being seen."""

from decimal import Decimal
from typing import NamedTuple

from orders.enums import OrderStatus, PaymentStatus

_NOTHING = Decimal(0)
# The customer's money is here or promised for the total as the channel told it.
PAID_FOR_TOTAL = frozenset({PaymentStatus.PAID, PaymentStatus.AUTHORIZED})
# Some of the customer's money is here.
WITH_MONEY = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_PAID, PaymentStatus.PARTIALLY_REFUNDED})


class Balance(NamedTuple):
    """Amounts in the order's currency; `paid` is None where only a part was paid or given back, nobody knows how
    much. `refund_due` is the most that it can be then."""

    paid: Decimal | None
    refund_due: Decimal
    to_collect: Decimal


def paid_of(payment_status: str, total: Decimal, paid_amount: Decimal | None) -> Decimal | None:
    """The customer's money that is here. `paid_amount` is what is known where it isn't the total."""
    if payment_status not in WITH_MONEY:
        return _NOTHING
    if paid_amount is not None:
        return paid_amount
    return total if payment_status == PaymentStatus.PAID else None


def balance_of(status: str, payment_status: str, total: Decimal, paid_amount: Decimal | None) -> Balance:
    """What is to be given back or still to be collected. A cancelled order costs nothing."""
    paid = paid_of(payment_status, total, paid_amount)
    if status == OrderStatus.CANCELLED:
        return Balance(paid, total if paid is None else paid, _NOTHING)
    if paid is None or payment_status not in WITH_MONEY:
        return Balance(paid, _NOTHING, _NOTHING)
    to_collect = max(total - paid, _NOTHING) if payment_status == PaymentStatus.PAID else _NOTHING
    return Balance(paid, max(paid - total, _NOTHING), to_collect)


def status_after_refund(status: str, total: Decimal, left: Decimal) -> PaymentStatus:
    """The payment status once `left` of the customer's money is here."""
    if left == 0:
        return PaymentStatus.REFUNDED
    if status != OrderStatus.CANCELLED and left >= total:
        return PaymentStatus.PAID
    return PaymentStatus.PARTIALLY_REFUNDED

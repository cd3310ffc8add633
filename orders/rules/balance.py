"""What was paid for an order against what it costs. Nothing is asked of a customer, or kept, without being seen."""

from decimal import Decimal
from typing import NamedTuple

from orders.enums import ON_THE_WAY, OrderStatus, PaymentStatus

_NOTHING = Decimal(0)
# The customer's money is here or promised for the total as the channel told it.
PAID_FOR_TOTAL = frozenset({PaymentStatus.PAID, PaymentStatus.AUTHORIZED})
# Some of it was given back.
WITH_REFUND = frozenset({PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})
# Something of the order has been sent.
_SENT = ON_THE_WAY | {OrderStatus.DELIVERED, OrderStatus.COMPLETED}
# Some of the customer's money is here.
WITH_MONEY = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_PAID, PaymentStatus.PARTIALLY_REFUNDED})


class Balance(NamedTuple):
    """Amounts in the order's currency; `paid` is None where only a part was paid or given back, nobody knows how
    much. `refund_due` is the most that it can be then."""

    paid: Decimal | None
    refund_due: Decimal
    to_collect: Decimal


def paid_of(payment_status: str, total: Decimal, paid_amount: Decimal | None) -> Decimal | None:
    """The customer's money that is here. `paid_amount` is what is known where it isn't what the status says: of an
    order whose rest goes on invoice, too."""
    if paid_amount is not None:
        return paid_amount
    if payment_status not in WITH_MONEY:
        return _NOTHING
    return total if payment_status == PaymentStatus.PAID else None


def balance_of(status: str, payment_status: str, total: Decimal, paid_amount: Decimal | None) -> Balance:
    """What is to be given back or still to be collected. A cancelled order costs nothing."""
    paid = paid_of(payment_status, total, paid_amount)
    if status == OrderStatus.CANCELLED:
        return Balance(paid, total if paid is None else paid, _NOTHING)
    if paid is None:
        return Balance(paid, _NOTHING, _NOTHING)
    to_collect = max(total - paid, _NOTHING) if payment_status == PaymentStatus.PAID else _NOTHING
    return Balance(paid, max(paid - total, _NOTHING), to_collect)


def refundable(status: str, balance: Balance) -> Decimal:
    """The most that can be noted as given back: what is due, or, once something has been sent, all that was paid.

    The total stays when the rest isn't sent or a parcel is lost: what it was worth, only a person knows.
    """
    if status in _SENT and balance.paid is not None:
        return max(balance.paid, balance.refund_due)
    return balance.refund_due


def status_after_refund(status: str, total: Decimal, left: Decimal) -> PaymentStatus:
    """The payment status once `left` of the customer's money is here."""
    if status != OrderStatus.CANCELLED and left >= total:
        return PaymentStatus.PAID
    return PaymentStatus.PARTIALLY_REFUNDED if left else PaymentStatus.REFUNDED

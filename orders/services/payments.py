"""Money that came in or went back, as people note it. The money itself moves at the channel or the bank."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.exceptions import Conflict, DomainError
from orders.codes import ORDER_SUBJECT
from orders.enums import OrderStatus, PaymentStatus
from orders.locks import lock_order
from orders.models import Order
from orders.rules.balance import WITH_MONEY, WITH_REFUND, refundable, status_after_refund
from orders.services.edit import check_amount, finish_edit
from orders.services.moves import touch


@transaction.atomic
def record_payment(
    *,
    order_id: int,
    status: PaymentStatus,
    actor: Actor,
    method: str = "",
    reference: str = "",
    paid_at: datetime | None = None,
) -> Order:
    """Note that an order has been paid (or put on invoice, cash on delivery …) and validate it again.

    Paid is the whole total then; in every other case what was paid before is kept. Raises DomainError for an order
    that is paid in full already, and for a cancelled one of which money is noted: that would come due once more.
    """
    order = lock_order(order_id)
    old = order.payment_status
    has_money = old in WITH_MONEY | WITH_REFUND or order.paid_amount is not None
    if order.status == OrderStatus.CANCELLED and has_money:
        raise DomainError(_("This order is cancelled, and what was paid for it is noted already."), "cancelled")
    if old == PaymentStatus.PAID and not order.balance.to_collect:
        raise DomainError(_("This order is paid already."), "paid_already")
    order.paid_amount = None if status == PaymentStatus.PAID else order.balance.paid or None
    order.payment_status = status
    order.payment_method = method or order.payment_method
    order.payment_reference = reference or order.payment_reference
    order.paid_at = paid_at or timezone.now()
    order.save(update_fields=["payment_status", "payment_method", "payment_reference", "paid_at", "paid_amount"])
    finish_edit(order, {"payment_status": [old, str(status)]}, actor, "")
    return order


@transaction.atomic
def record_refund(
    *, order_id: int, amount: Decimal, actor: Actor, version: int | None = None, reference: str = ""
) -> Order:
    """Note that a customer got `amount` back. `version` is the order's that the person looked at.

    Where nobody knows how much was paid, this is all that there was to give back. Raises Conflict if the order has
    changed since, DomainError if so much isn't due; of an order that was sent, if so much wasn't paid.
    """
    order = lock_order(order_id)
    if version is not None and version != order.version:
        raise Conflict
    check_amount("amount", amount, order.currency)
    _check_refundable(order, amount)
    before = order.payment_status
    paid = order.balance.paid
    left = Decimal(0) if paid is None else paid - amount
    order.payment_status = status_after_refund(order.status, order.total, left)
    order.paid_amount = left
    order.version += 1
    order.save(update_fields=["payment_status", "paid_amount", "version"])
    record(
        action="orders.refunded",
        actor=actor,
        subject_type=ORDER_SUBJECT,
        subject_id=order.pk,
        subject_label=order.number,
        changes={"payment_status": [before, str(order.payment_status)], "refund": ["", str(amount)]},
        reason=reference,
    )
    touch(order, actor=actor, at=timezone.now())
    return order


def _check_refundable(order: Order, amount: Decimal) -> None:
    due, most = order.balance.refund_due, refundable(order.status, order.balance)
    if not most:
        raise DomainError(_("No refund is due for this order."), "nothing_due")
    if 0 < amount <= most:
        return
    text = _("Give an amount above zero and not above %(due)s, which is what is due.")
    if most > due:
        text = _("Give an amount above zero and not above %(due)s, which is what was paid.")
    raise DomainError(text % {"due": most}, "not_due", field="amount")

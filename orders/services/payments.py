"""Money that came in or went back, as people note it. The money itself moves at the channel or the bank."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.audit.services import record
from core.exceptions import DomainError
from orders.codes import ORDER_SUBJECT
from orders.enums import PaymentStatus
from orders.locks import lock_order
from orders.models import Order
from orders.rules.balance import paid_of, status_after_refund
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

    Raises DomainError for one that is paid in full already.
    """
    order = lock_order(order_id)
    old = order.payment_status
    if old == PaymentStatus.PAID and not order.balance.to_collect:
        raise DomainError(_("This order is paid already."), "paid_already")
    order.payment_status = status
    order.payment_method = method or order.payment_method
    order.payment_reference = reference or order.payment_reference
    order.paid_at = paid_at or timezone.now()
    order.paid_amount = None
    order.save(update_fields=["payment_status", "payment_method", "payment_reference", "paid_at", "paid_amount"])
    finish_edit(order, {"payment_status": [old, str(status)]}, actor, "")
    return order


@transaction.atomic
def record_refund(*, order_id: int, amount: Decimal, actor: Actor, reference: str = "") -> Order:
    """Note that a customer got `amount` back. Raises DomainError if so much isn't due."""
    order = lock_order(order_id)
    check_amount("amount", amount, order.currency)
    due = order.balance.refund_due
    if not due:
        raise DomainError(_("No refund is due for this order."), "nothing_due")
    if not 0 < amount <= due:
        raise DomainError(
            _("Give an amount above zero and not above %(due)s, which is what is due.") % {"due": due},
            "not_due",
            field="amount",
        )
    before = (order.payment_status, order.paid_amount)
    paid = paid_of(order.payment_status, order.total, order.paid_amount)
    left = (due if paid is None else paid) - amount
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
        changes={"payment_status": [before[0], str(order.payment_status)], "refund": ["", str(amount)]},
        reason=reference,
    )
    touch(order, actor=actor, at=timezone.now())
    return order

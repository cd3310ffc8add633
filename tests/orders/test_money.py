"""Money that was paid, refunded or is still to come: nothing of it is forgotten, invented or given back twice."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import Conflict, DomainError
from core.stages import drain
from core.ui import lists
from orders.enums import OrderStatus, PaymentStatus
from orders.models import IntakeMessage, Order
from orders.rules.balance import Balance, status_after_refund
from orders.services import fulfilment
from orders.services.cancel import cancel_order
from orders.services.edit import edit_order
from orders.services.payments import record_payment, record_refund
from tests.factories.accounts import make_user
from tests.factories.orders import payload, send

pytestmark = pytest.mark.django_db

STAGES = ["orders.validate", "orders.allocate", "orders.release"]


def told(channel: Any, body: dict[str, Any], **payment: str) -> Order:
    """What the channel says of the order's payment."""
    send(channel, body | {"payment": {"status": "paid"} | payment})
    return Order.objects.get()


def cancelled(order: Order) -> Order:
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="sold out")
    return Order.objects.get(pk=order.pk)


def refunded(order: Order, amount: str) -> Order:
    return record_refund(order_id=order.pk, amount=Decimal(amount), actor=SYSTEM)


def is_listed(order: Order) -> bool:
    rows = lists.get("orders.order")
    clerk = make_user(Role.ORDER_CLERK)
    due, rest = (rows.queryset_for(clerk, QueryDict(f"refund_due={value}")) for value in ("true", "false"))
    assert (order in due) != (order in rest)
    return order in due


@pytest.fixture
def body(sku: Any) -> dict[str, Any]:
    return payload(("MUG", 1))


@pytest.mark.parametrize("news", [{"reference": "P-2"}, {"paid_at": "2026-01-02T03:04:05Z"}])
@pytest.mark.parametrize(("amount", "status"), [("10", "refunded"), ("4", "partially_refunded")])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_payment_told_again_doesn_t_undo_a_refund(channel, body, news, amount, status, is_known):
    before = refunded(cancelled(told(channel, body)), amount)
    if not is_known:
        IntakeMessage.objects.all().delete()
    order = told(channel, body, **news)
    assert order.payment_reference == news.get("reference", "")
    assert (order.payment_status, order.balance) == (status, before.balance)


def test_a_payment_told_late_doesn_t_undo_a_refund(channel, body):
    order = told(channel, body, status="unpaid")
    record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=SYSTEM)
    refunded(cancelled(order), "10")
    assert told(channel, body).payment_status == "refunded"


def test_another_reference_of_the_payment_doesn_t_forget_what_is_due(channel, body):
    order = told(channel, body)
    edit_order(order_id=order.pk, changes={"total": Decimal(9)}, actor=SYSTEM)
    Order.objects.update(released_at=order.placed_at)
    order = told(channel, body, reference="P-2")
    assert (order.payment_reference, order.balance.refund_due) == ("P-2", Decimal(1))
    order = told(channel, body, status="refunded")
    assert (order.payment_status, order.paid_amount) == ("refunded", None)


def test_what_people_noted_stays_while_the_channel_says_the_same(channel, body):
    order = told(channel, body, status="unpaid")
    record_payment(order_id=order.pk, status=PaymentStatus.INVOICED, actor=SYSTEM)
    assert told(channel, body, status="unpaid", reference="P-2").payment_status == "invoiced"
    assert told(channel, body, status="paid", reference="P-2").payment_status == "paid"


def test_paid_is_what_the_channel_charged(channel, body):
    order = told(channel, body, status="unpaid")
    edit_order(order_id=order.pk, changes={"total": Decimal(9)}, actor=SYSTEM)
    assert told(channel, body).balance == Balance(Decimal(10), Decimal(1), Decimal(0))


def test_a_refund_of_a_part_payment_ends_what_is_due(client, channel, body):
    order = cancelled(told(channel, body, status="partially_paid"))
    client.force_login(make_user(Role.ORDER_CLERK))
    form = client.get(reverse("orders:order_refund", args=[order.pk])).content.decode()
    assert "How much was paid isn&#x27;t known" in form
    assert 'value="10.00"' not in form
    assert is_listed(order)
    order = refunded(order, "3")
    assert (order.payment_status, order.paid_amount, order.balance.refund_due) == ("refunded", Decimal(0), Decimal(0))
    assert not is_listed(order)


@pytest.fixture
def part_sent(channel, sku) -> Order:
    """12 of 10 units: ten have left, two were cancelled; 120 paid."""
    send(channel, payload(("MUG", 12)))
    drain(only=STAGES)
    order = Order.objects.get()
    part = order.fulfilments.get(status="released")
    fulfilment.pick_and_check_all(fulfilment_id=part.pk, actor=SYSTEM)
    fulfilment.record_packed(fulfilment_id=part.pk, weight_g=0, actor=SYSTEM)
    fulfilment.record_shipped(fulfilment_ids=[part.pk])
    return cancelled(order)


def test_of_an_order_whose_rest_was_cancelled_a_refund_is_noted(client, part_sent):
    client.force_login(make_user(Role.ORDER_CLERK))
    shown = client.get(reverse("orders:order_detail", args=[part_sent.pk]))
    assert "Record refund" in [str(entry.label) for entry in shown.context["header"].menu]
    page = reverse("orders:order_refund", args=[part_sent.pk])
    assert 'name="amount" value=' not in client.get(page).content.decode()
    data = {"version": part_sent.version, "amount": "120.01"}
    assert "which is what was paid" in client.post(page, data).content.decode()
    client.post(page, data | {"amount": "20"})
    part_sent.refresh_from_db()
    rest = Balance(Decimal(100), Decimal(0), Decimal(0))
    assert (part_sent.payment_status, part_sent.balance) == ("partially_refunded", rest)


def test_of_an_order_still_to_be_sent_only_what_is_due_is_refunded(channel, body):
    with pytest.raises(DomainError, match="No refund is due"):
        refunded(told(channel, body), "1")


@pytest.mark.parametrize("status", [PaymentStatus.COD, PaymentStatus.INVOICED])
def test_what_was_paid_is_kept_when_the_rest_is_paid_otherwise(channel, body, status):
    order = told(channel, body)
    edit_order(order_id=order.pk, changes={"total": Decimal(15)}, actor=SYSTEM)
    order = record_payment(order_id=order.pk, status=status, actor=SYSTEM)
    assert order.balance == Balance(Decimal(10), Decimal(0), Decimal(0))
    assert not is_listed(order)
    order = cancelled(order)
    assert order.balance.refund_due == 10
    assert is_listed(order)
    assert refunded(order, "10").payment_status == "refunded"


def test_of_an_authorised_order_the_suggestion_says_nothing_of_payment(client, channel, sku):
    order = told(channel, payload(("MUG", 1), total="13.00"), status="authorized")
    drain(only=STAGES[:1])
    assert order.findings.get(code="totals.total").suggestion == {"total": "10.00"}
    client.force_login(make_user(Role.ORDER_CLERK))
    page = unescape(client.get(reverse("orders:order_detail", args=[order.pk])).content.decode())
    assert "Total CN¥13.00 → CN¥10.00" in page
    assert "The customer paid" not in page


def test_no_payment_is_recorded_once_more_for_a_cancelled_order(client: Client, channel, body):
    order = refunded(cancelled(told(channel, body)), "4")
    client.force_login(make_user(Role.ORDER_CLERK))
    answer = client.post(reverse("orders:order_payment", args=[order.pk]), {"status": "paid"})
    assert "what was paid for it is noted already" in answer.content.decode()
    order.refresh_from_db()
    assert (order.payment_status, order.balance.refund_due) == ("partially_refunded", Decimal(6))
    refunded(order, "6")
    with pytest.raises(DomainError, match="noted already"):
        record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=SYSTEM)


def test_a_payment_that_comes_after_the_cancellation_is_to_be_refunded(channel, body):
    order = cancelled(told(channel, body, status="unpaid"))
    assert not order.balance.refund_due
    assert record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=SYSTEM).balance.refund_due == 10


def test_a_refund_that_is_submitted_twice_is_noted_once(client: Client, channel, body):
    order = cancelled(told(channel, body))
    client.force_login(make_user(Role.ORDER_CLERK))
    page = reverse("orders:order_refund", args=[order.pk])
    assert f'name="version" value="{order.version}"' in client.get(page).content.decode()
    for _time in range(2):
        answer = client.post(page, {"amount": "5", "version": order.version})
    assert "Somebody else changed this" in answer.content.decode()
    with pytest.raises(Conflict):
        record_refund(order_id=order.pk, amount=Decimal(5), actor=SYSTEM, version=order.version)
    order.refresh_from_db()
    assert order.balance.refund_due == 5
    assert client.post(page, {"amount": "5"}).status_code == 422


def test_an_order_that_costs_nothing_any_more_stays_paid():
    assert status_after_refund(OrderStatus.APPROVED, Decimal(0), Decimal(0)) == PaymentStatus.PAID
    assert status_after_refund(OrderStatus.CANCELLED, Decimal(0), Decimal(0)) == PaymentStatus.REFUNDED

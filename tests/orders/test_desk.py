"""The order desk: what a form shows, what is said afterwards, and what is offered."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import DomainError
from core.money import entry_amount
from core.stages import drain
from core.ui import lists
from orders.enums import HoldReason, PaymentStatus
from orders.models import Order
from orders.rules.balance import Balance
from orders.services.cancel import cancel_order
from orders.services.edit import apply_suggestion, edit_line, edit_order
from orders.services.holds import hold_order
from orders.services.payments import record_payment, record_refund
from tests.factories.accounts import make_user
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db

REVIEW = ["orders.validate"]


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user(Role.ORDER_CLERK))
    return client


@pytest.fixture
def order(channel, sku) -> Order:
    order = make_order(channel, ("MUG", 1))
    drain(only=REVIEW)
    order.refresh_from_db()
    return order


def page_of(order: Order) -> str:
    return reverse("orders:order_detail", args=[order.pk])


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("10.0000", "GBP", "10.00"),
        ("0.1250", "GBP", "0.125"),
        ("0.0000", "CNY", "0.00"),
        ("1000.0000", "JPY", "1000"),
        ("0.5000", "JPY", "0.5"),
    ],
)
def test_an_input_shows_an_amount_as_people_write_it(amount, currency, shown):
    assert str(entry_amount(Decimal(amount), currency)) == shown


def test_the_line_form_shows_a_round_price_with_its_decimals(clerk, order):
    page = clerk.get(reverse("orders:line_edit", args=[order.pk, order.lines.get().pk])).content.decode()
    assert 'name="unit_price" value="10.00"' in page


@pytest.mark.parametrize(
    ("page", "values", "said"),
    [
        ("order_hold", {"reason": "manual"}, "Order put on hold."),
        ("order_cancel", {"reason": "sold out"}, "Order cancelled."),
        ("order_edit", {}, "Order corrected."),
        ("line_edit", {"quantity": "2"}, "Line corrected."),
        ("hold_release", {"note": "asked"}, "Hold released."),
        ("order_unapprove", {"reason": "look again"}, "Order taken back to review."),
    ],
)
def test_whatever_is_done_to_an_order_is_said_afterwards(clerk, order, page, values, said):
    line = order.lines.get()
    args = [order.pk]
    if page == "line_edit":
        args.append(line.pk)
    if page == "hold_release":
        args = [hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=SYSTEM).pk]
    form = {name: getattr(order, name) for name in (
        "version", "ship_name", "ship_phone", "ship_country", "ship_province", "ship_city", "ship_district",
        "ship_street", "ship_postal_code", "shipping_fee", "discount", "tax", "total")}  # fmt: skip
    form |= {"sku": "MUG", "unit_price": "10"} | values
    answer = clerk.post(reverse(f"orders:{page}", args=args), form)
    assert answer.status_code == 302
    assert [str(message) for message in get_messages(answer.wsgi_request)] == [said]


def test_a_hold_until_a_date_names_it_on_the_page_and_in_the_list(clerk, order):
    hold_order(
        order_id=order.pk, reason=HoldReason.UNTIL_DATE, actor=SYSTEM, until=datetime(2099, 3, 5, 18, 0, tzinfo=UTC)
    )
    ((banner, _actions),) = clerk.get(page_of(order)).context["banners"]
    assert str(banner.title) == "On hold: Until 6 Mar 2099, 02:00 CST", "in the clerk's time zone"
    assert "Until 6 Mar 2099" in clerk.get(reverse("orders:order_list") + "?sort=-id").content.decode()


def test_a_hold_of_another_reason_tells_when_it_ends(clerk, order):
    until = datetime(2099, 3, 5, 10, 0, tzinfo=UTC)
    hold_order(order_id=order.pk, reason=HoldReason.MANUAL, actor=SYSTEM, until=until)
    ((banner, _actions),) = clerk.get(page_of(order)).context["banners"]
    assert "Held by hand, until 5 Mar" in str(banner.title)


def test_a_paid_order_is_not_asked_for_its_payment(clerk, order):
    def offered() -> list[str]:
        header = clerk.get(page_of(order)).context["header"]
        return [str(entry.label) for entry in header.menu]

    assert "Record payment" not in offered()
    Order.objects.update(payment_status="invoiced")
    assert "Record payment" in offered()


def test_an_order_that_somebody_touched_only_after_its_release_is_still_touchless(clerk, order):
    drain()
    order.refresh_from_db()
    assert order.released_at
    for touched, is_touchless in (
        (None, True),
        (order.released_at + timedelta(hours=1), True),
        (order.released_at - timedelta(hours=1), False),
    ):
        Order.objects.update(first_touched_at=touched)
        badges = [str(badge.label) for badge in clerk.get(page_of(order)).context["header"].badges]
        assert ("Touchless" in badges) is is_touchless


def test_the_verb_of_cancelling_many_is_not_the_word_for_leaving(clerk, order):
    (cancel,) = [action for action in lists.get("orders.order").actions if action.code == "cancel"]
    assert str(cancel.label) == "Cancel orders"
    page = clerk.get(reverse("orders:order_hold", args=[order.pk])).content.decode()
    assert ">Back</a>" in unescape(page)
    assert ">Cancel</a>" not in page


# What was paid stands


def mismatched(channel, total: str, status: str = "paid") -> Order:
    """An order of goods for 10.00 that says another total."""
    order = make_order(channel, ("MUG", 1), total=total, payment={"status": status})
    drain(only=REVIEW)
    order.refresh_from_db()
    return order


def applied(order: Order) -> Order:
    finding = order.findings.get(code="totals.total")
    apply_suggestion(order_id=order.pk, finding_id=finding.pk, actor=SYSTEM)
    drain(only=REVIEW)
    order.refresh_from_db()
    return order


def test_the_fix_asks_no_paying_customer_for_more(clerk, channel, sku):
    order = mismatched(channel, "8.00")
    page = clerk.get(page_of(order)).content.decode()
    assert "Order discount CN¥0.00 → CN¥2.00. The total stays CN¥8.00, as the customer was charged." in unescape(page)
    applied(order)
    assert (order.total, order.discount, order.payment_status) == (Decimal(8), Decimal(2), "paid")
    assert not order.findings.filter(code="totals.total").exists()
    assert order.balance == Balance(Decimal(8), Decimal(0), Decimal(0))


def test_the_fix_says_what_is_owed_before_and_the_page_afterwards(clerk, channel, sku):
    order = mismatched(channel, "13.00")
    page = unescape(clerk.get(page_of(order)).content.decode())
    assert "Total CN¥13.00 → CN¥10.00. The customer paid CN¥13.00; CN¥3.00 is to be refunded." in page
    applied(order)
    assert (order.total, order.paid_amount, order.balance.refund_due) == (Decimal(10), Decimal(13), Decimal(3))
    shown = clerk.get(page_of(order))
    assert "Refund due" in [str(badge.label) for badge in shown.context["header"].badges]
    assert reverse("orders:order_refund", args=[order.pk]) in shown.content.decode()


def test_where_nothing_was_paid_the_total_follows(channel, sku):
    order = applied(mismatched(channel, "8.00", "invoiced"))
    assert (order.total, order.paid_amount) == (Decimal(10), None)


def test_a_correction_after_the_payment_shows_what_is_still_to_collect(clerk, order):
    edit_line(order_id=order.pk, line_id=order.lines.get().pk, changes={"quantity": 2}, actor=SYSTEM)
    order.refresh_from_db()
    assert (order.total, order.balance) == (Decimal(20), Balance(Decimal(10), Decimal(0), Decimal(10)))
    page = clerk.get(page_of(order))
    assert "Still to collect" in page.content.decode()
    assert "Record payment" in [str(entry.label) for entry in page.context["header"].menu]
    record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=SYSTEM)
    order.refresh_from_db()
    assert order.balance == Balance(Decimal(20), Decimal(0), Decimal(0))
    with pytest.raises(DomainError, match="paid already"):
        record_payment(order_id=order.pk, status=PaymentStatus.PAID, actor=SYSTEM)
    edit_order(order_id=order.pk, changes={"total": Decimal(25)}, actor=SYSTEM)
    edit_order(order_id=order.pk, changes={"total": Decimal(20)}, actor=SYSTEM)
    order.refresh_from_db()
    assert order.paid_amount is None


def refund(clerk: Client, order: Order, amount: str, **data: str) -> HttpResponse:
    """What the form sends, as it is when the order's page was just opened."""
    version = Order.objects.get(pk=order.pk).version
    data |= {"amount": amount, "version": str(version)}
    return clerk.post(reverse("orders:order_refund", args=[order.pk]), data)  # type: ignore[return-value]


def test_a_cancelled_order_that_was_paid_is_found_and_its_refund_noted(clerk, channel, order):
    unpaid = make_order(channel, ("MUG", 1), payment={"status": "invoiced"})
    cancel_order(order_id=unpaid.pk, actor=SYSTEM, reason="sold out")
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="sold out")
    rows = lists.get("orders.order")
    due = rows.queryset_for(make_user(Role.ORDER_CLERK), QueryDict("refund_due=true"))
    assert list(due) == [order]
    shown = clerk.get(page_of(order))
    assert str(shown.context["primary"].label) == "Record refund"
    form = clerk.get(reverse("orders:order_refund", args=[order.pk])).content.decode()
    assert 'name="amount" value="10.00"' in form
    assert "At most CN¥10.00." in form
    for amount in ("0", "10.01"):
        answer = refund(clerk, order, amount)
        assert (answer.status_code, "above zero and not above" in answer.content.decode()) == (422, True)
    refund(clerk, order, "4")
    order.refresh_from_db()
    assert (order.payment_status, order.balance.refund_due) == ("partially_refunded", Decimal(6))
    assert list(due.all()) == [order]
    refund(clerk, order, "6", reference="R-1")
    order.refresh_from_db()
    assert (order.payment_status, order.balance.refund_due) == ("refunded", 0)
    assert list(due.all()) == []
    with pytest.raises(DomainError, match="No refund is due"):
        record_refund(order_id=order.pk, amount=Decimal(1), actor=SYSTEM)


def test_who_may_not_record_money_records_no_refund(client, order):
    cancel_order(order_id=order.pk, actor=SYSTEM, reason="sold out")
    client.force_login(make_user(Role.ANALYST))
    assert client.post(reverse("orders:order_refund", args=[order.pk]), {"amount": "10"}).status_code == 403
    order.refresh_from_db()
    assert order.payment_status == "paid"


def test_what_the_channel_says_of_the_payment_counts(channel, sku):
    body = payload(("MUG", 1), total="13.00")
    send(channel, body)
    order = Order.objects.get()
    edit_order(order_id=order.pk, changes={"total": Decimal(10)}, actor=SYSTEM)
    send(channel, body | {"tags": ["new"]})
    order.refresh_from_db()
    assert order.paid_amount == 13
    send(channel, body | {"total": "11.00"})
    order.refresh_from_db()
    assert order.total == 11
    assert order.paid_amount is None

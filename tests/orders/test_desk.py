"""The order desk: what a form shows, what is said afterwards, and what is offered."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.money import entry_amount
from core.stages import drain
from core.ui import lists
from orders.enums import HoldReason
from orders.models import Order
from orders.services.holds import hold_order
from tests.factories.accounts import make_user
from tests.factories.orders import make_order

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
    until = timezone.now().replace(microsecond=0) + timedelta(days=30)
    hold_order(order_id=order.pk, reason=HoldReason.UNTIL_DATE, actor=SYSTEM, until=until)
    ((banner, _actions),) = clerk.get(page_of(order)).context["banners"]
    assert str(banner.title).startswith("On hold: Until ")
    assert until.strftime("%H:%M") in str(banner.title) or str(until.year) in str(banner.title)
    row = clerk.get(reverse("orders:order_list") + "?sort=-id").content.decode()
    assert f"Until {until.day} " in row


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

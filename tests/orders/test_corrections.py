"""Corrections: a page offers what the service takes in the order's status, and a refusal says why."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import DomainError
from orders.enums import OrderStatus
from orders.models import Channel, Order
from orders.services.edit import edit_order
from tests.factories.accounts import make_user
from tests.factories.orders import make_order

pytestmark = pytest.mark.django_db

LEFT = "This order has left; only recipient and buyer can still be corrected."
PARTLY = "A part of this order has left; only recipient, buyer and deadline can still be corrected."
ARRIVED = "This order has arrived; its data can't be changed any more."
CANCELLED = "This order is cancelled; its data can't be changed any more."
WHOLE = ("Correct order", "", "")
# (what the page offers, why a new name is refused, why a new total is)
BY_STATUS = dict.fromkeys(OrderStatus, WHOLE) | {
    OrderStatus.PARTIALLY_SHIPPED: ("Correct recipient", "", PARTLY),
    OrderStatus.SHIPPED: ("Correct recipient", "", LEFT),
    OrderStatus.DELIVERED: ("", ARRIVED, ARRIVED),
    OrderStatus.COMPLETED: ("", ARRIVED, ARRIVED),
    OrderStatus.CANCELLED: ("", CANCELLED, CANCELLED),
}


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user(Role.ORDER_CLERK))
    return client


def in_status(channel: Channel, status: OrderStatus) -> Order:
    order = make_order(channel, ("MUG", 1))
    Order.objects.filter(pk=order.pk).update(status=status)
    return order


def refusal(order: Order, changes: dict[str, Any]) -> str:
    try:
        edit_order(order_id=order.pk, changes=changes, actor=SYSTEM)
    except DomainError as error:
        return str(error.message)
    return ""


@pytest.mark.parametrize("status", list(OrderStatus))
def test_the_page_offers_what_the_service_takes(clerk: Client, channel: Channel, sku: Any, status: OrderStatus) -> None:
    order = in_status(channel, status)
    url = reverse("orders:order_edit", args=[order.pk])
    header = clerk.get(reverse("orders:order_detail", args=[order.pk])).context["header"]
    offered = "".join(str(entry.label) for entry in header.menu if entry.url == url)
    refused = [refusal(order, changes) for changes in ({"ship_name": "Bo"}, {"total": Decimal(99)})]
    assert (offered, *refused) == BY_STATUS[status]


@pytest.mark.parametrize(("status", "why"), [(OrderStatus.PARTIALLY_SHIPPED, ""), (OrderStatus.SHIPPED, LEFT)])
def test_a_deadline_is_taken_while_something_is_still_to_leave(
    channel: Channel, sku: Any, status: OrderStatus, why: str
) -> None:
    order = in_status(channel, status)
    assert refusal(order, {"ship_by": datetime(2030, 1, 1, tzinfo=UTC)}) == why


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (OrderStatus.APPROVED, {"ship_name", "total", "ship_by"}),
        (OrderStatus.PARTIALLY_SHIPPED, {"ship_name", "ship_by"}),
        (OrderStatus.SHIPPED, {"ship_name"}),
    ],
)
def test_the_form_asks_for_what_can_still_change(
    clerk: Client, channel: Channel, sku: Any, status: OrderStatus, offered: set[str]
) -> None:
    form = clerk.get(reverse("orders:order_edit", args=[in_status(channel, status).pk])).context["form"]
    assert {"ship_name", "total", "ship_by"} & set(form.fields) == offered

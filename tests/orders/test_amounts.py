"""Amounts that people enter: none below zero, none smaller than the currency knows, each refusal at its field."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import DomainError
from core.stages import drain
from orders.models import Order
from orders.services.edit import edit_line, edit_order
from tests.factories.accounts import make_user
from tests.factories.orders import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(channel, sku) -> Order:
    order = make_order(channel, ("MUG", 2))
    drain(only=["orders.validate"])
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("field", ["shipping_fee", "discount", "tax", "total"])
def test_an_amount_below_zero_is_refused_at_its_field(order, field):
    with pytest.raises(DomainError) as refused:
        edit_order(order_id=order.pk, changes={field: Decimal("-0.01")}, actor=SYSTEM)
    assert (refused.value.code, refused.value.field) == ("negative", field)


def test_yen_have_no_decimals(order):
    Order.objects.filter(pk=order.pk).update(currency="JPY")
    with pytest.raises(DomainError) as refused:
        edit_order(order_id=order.pk, changes={"total": Decimal("20.50")}, actor=SYSTEM)
    assert (refused.value.code, refused.value.field) == ("too_precise", "total")


def test_a_line_costs_nothing_at_least(order):
    line = order.lines.get()
    for changes, field in (
        ({"discount": Decimal("20.01")}, "discount"),
        ({"tax": Decimal(-1)}, "tax"),
        ({"unit_price": Decimal(-1)}, "unit_price"),
    ):
        with pytest.raises(DomainError) as refused:
            edit_line(order_id=order.pk, line_id=line.pk, changes=changes, actor=SYSTEM)
        assert refused.value.field == field
    edit_line(order_id=order.pk, line_id=line.pk, changes={"discount": Decimal(20)}, actor=SYSTEM)
    assert Order.objects.get(pk=order.pk).total == 0


def test_the_form_says_it_and_keeps_the_order(order):
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK))
    form = {
        "version": order.version, "total": "-5", "shipping_fee": "0", "discount": "0", "tax": "0",
        "ship_name": order.ship_name, "ship_phone": order.ship_phone, "ship_country": "CN",
        "ship_province": order.ship_province, "ship_city": order.ship_city, "ship_district": order.ship_district,
        "ship_street": order.ship_street, "ship_postal_code": order.ship_postal_code,
        "buyer_name": order.buyer_name, "buyer_email": order.buyer_email,
    }  # fmt: skip
    answer = client.post(reverse("orders:order_edit", args=[order.pk]), form)
    assert answer.status_code == 422
    assert "below zero" in answer.content.decode()
    assert Order.objects.get(pk=order.pk).total == order.total

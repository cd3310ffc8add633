"""Finding orders by whatever is at hand, in the list, in global search and on the customer's page."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.stages import drain
from core.ui.search import search_all
from logistics.models import Shipment
from logistics.public import find_order
from orders.models import Order
from orders.selectors import search
from orders.selectors.orders import orders_for
from orders.selectors.search import matching_orders
from tests.factories.accounts import make_user
from tests.factories.orders import ADDRESS, make_channel, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(channel, sku) -> Order:
    order = make_order(
        channel,
        ("MUG", 1),
        external_id="5432109876543",
        display_number="#1042",
        customer={"name": "Ann Lee", "email": "Ann.Lee@example.com", "phone": "13912345678"},
        shipping_address=ADDRESS | {"phone": "13712340000", "name": "Denise Démo"},
    )
    make_order(channel, ("MUG", 1))
    return order


@pytest.fixture
def clerk() -> User:
    return make_user(Role.ORDER_CLERK)


@pytest.fixture
def operator() -> User:
    """Somebody who may see orders and no personal data."""
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    return user


def found(user: User, text: str) -> set[str]:
    """What the list finds; global search has to agree."""
    listed = {order.number for order in matching_orders(orders_for(user), text, user)}
    hits = {hit.title for group in search_all(user=user, query=text) for hit in group.hits if "/orders/" in hit.url}
    assert {number for number in hits if number.startswith("SO")} == listed
    return listed


def test_an_order_is_found_by_every_name_it_has(ann, clerk):
    names = [
        ann.number, ann.number.lower(), f"SO{ann.pk}", f"{ann.pk:08d}", "#1042", "1042", "5432109876543", "54321",
        "Ann", "lee ann", "ann.lee@example.com", "ann.l@example"[:5], "13912345678", "+86 139 1234 5678", "12345678",
        "13712340000", "Denise", "DENISE DÉ",
    ]  # fmt: skip
    assert {name: found(clerk, name) for name in names} == {name: {ann.number} for name in names}
    assert found(clerk, "Bob") == found(clerk, "#9") == found(clerk, "1" * 30) == set()


def test_the_bare_id_is_enough(ann, clerk):
    hits = [hit.title for group in search_all(user=clerk, query=f"{ann.pk:02d}") for hit in group.hits]
    assert hits[0] == ann.number


def test_who_may_not_see_personal_data_finds_whole_names_only(ann, operator):
    for whole in ("Ann Lee", "ann.lee@example.com", "13912345678", "13712340000", "1042", "denise démo"):
        assert found(operator, whole) == {ann.number}, whole
    for part in ("Ann", "Denise", "ann.lee", "12345678", "ann.lee@exam"):
        assert found(operator, part) == set(), part


def test_the_search_keeps_to_what_a_person_may_see(ann):
    limited = make_user(Role.ORDER_CLERK)
    AccessScope.objects.create(user=limited, kind="channel", object_id=make_channel("other").pk)
    for name in (ann.number, "#1042", "Ann", "13912345678"):
        assert found(limited, name) == set(), name


def test_an_order_is_found_by_its_parcels_tracking_number(ann, clerk):
    drain()
    Shipment.objects.filter(order=ann).update(tracking_number="SF1234567890")
    assert Shipment.objects.filter(order=ann).exists()
    assert found(clerk, "sf1234567890") == found(clerk, "SF1234") == {ann.number}
    assert found(clerk, "SF12") == set()


def test_the_page_the_list_and_the_export_name_the_buyers_number(ann, clerk):
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("orders:order_detail", args=[ann.pk])).content.decode()
    assert "#1042 (5432109876543)" in page
    rows = client.get(reverse("orders:order_list"), {"q": "#1042"}).content.decode()
    assert "#1042" in rows
    assert ann.number in rows


def test_the_buyer_finds_the_order_by_the_number_that_the_shop_gave(ann):
    for number in ("#1042", "1042", "5432109876543"):
        assert find_order(number, "0000") == ann.pk
    assert find_order("1042", "0001") is None


def test_the_search_stays_within_its_statements(ann, clerk):
    def statements(text: str) -> list[Any]:
        list(matching_orders(orders_for(clerk), text, clerk))
        with CaptureQueriesContext(connection) as captured:
            list(matching_orders(orders_for(clerk), text, clerk))
        return captured.captured_queries

    assert [len(statements(text)) for text in ("SO", "Ann", "13912345678")] == [1, 2, 3]


def test_a_name_of_many_orders_finds_all_of_them(ann, channel, clerk, monkeypatch):
    monkeypatch.setattr(search, "_FEW", 1)
    numbers = {ann.number}
    for suffix in "ab":
        order = make_order(channel, ("MUG", 1), customer={"name": f"Ann {suffix}", "email": f"{suffix}@example.com"})
        numbers.add(order.number)
        assert {order.number for order in matching_orders(orders_for(clerk), "Ann", clerk)} == numbers

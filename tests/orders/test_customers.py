"""Orders and their customers: merging follows, limits to channels hold."""

from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import SYSTEM
from core.stages import drain
from crm.exceptions import AlreadyMerged
from crm.models import Customer
from crm.selectors import customers_for
from crm.services import merge_customers
from orders.models import Order
from orders.selectors.facts import duplicate_key_of
from orders.services.customers import move_orders
from tests.core.threads import run_together
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db


def test_the_orders_of_a_merged_customer_follow_it():
    channel = make_channel()
    first, second = make_order(channel, ("MUG", 1)), make_order(channel, ("MUG", 2))
    merge_customers(customer_id=first.customer_id, merged_id=second.customer_id, actor=SYSTEM)
    drain(only=["outbox.relay"])
    second.refresh_from_db()
    assert second.customer_id == first.customer_id


def test_a_chain_of_merges_leads_to_who_is_left_in_whatever_order_it_is_told():
    channel = make_channel()
    orders = [make_order(channel, ("MUG", number)) for number in (1, 2, 3)]
    first, second, third = (order.customer_id for order in orders)
    merge_customers(customer_id=second, merged_id=third, actor=SYSTEM)
    merge_customers(customer_id=first, merged_id=second, actor=SYSTEM)
    move_orders(from_customer_id=second, to_customer_id=first)  # the later event is handled first
    move_orders(from_customer_id=third, to_customer_id=second)
    assert set(Order.objects.values_list("customer_id", flat=True)) == {first}


def test_orders_of_one_person_are_found_to_be_alike_after_the_merge():
    channel = make_channel()
    first, second = make_order(channel, ("MUG", 1)), make_order(channel, ("MUG", 1))
    assert first.duplicate_key != second.duplicate_key
    merge_customers(customer_id=first.customer_id, merged_id=second.customer_id, actor=SYSTEM)
    drain(only=["outbox.relay"])
    second.refresh_from_db()
    assert second.duplicate_key == first.duplicate_key == duplicate_key_of(second)


def test_moving_costs_the_same_for_one_order_and_for_many():
    channel = make_channel()
    buyer = {"external_id": "one", "name": "王小明"}
    counts = []
    for number in (1, 5):
        goes, stays = (
            make_order(channel, ("MUG", 1), customer=buyer | {"external_id": f"one-{number}"}),
            make_order(channel, ("MUG", 9)),
        )
        for more in range(number - 1):
            make_order(channel, ("MUG", more + 2), customer=buyer | {"external_id": f"one-{number}"})
        with CaptureQueriesContext(connection) as statements:
            moved = move_orders(from_customer_id=goes.customer_id, to_customer_id=stays.customer_id)
        assert moved == number
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_merges_at_the_same_moment_leave_no_chain_and_no_order_behind():
    channel = make_channel()
    for _round in range(8):
        a, b, c = (make_order(channel, ("MUG", 1)).customer_id for _ in range(3))
        results = run_together(
            partial(merge_customers, customer_id=b, merged_id=c, actor=SYSTEM),
            partial(merge_customers, customer_id=a, merged_id=b, actor=SYSTEM),
            partial(merge_customers, customer_id=c, merged_id=a, actor=SYSTEM),
        )
        assert {type(error) for error in results if isinstance(error, Exception)} <= {AlreadyMerged}
        drain(only=["outbox.relay"])
        people = Customer.objects.in_bulk([a, b, c])
        merged = [person for person in people.values() if person.merged_into_id]
        assert merged
        assert all(people[person.merged_into_id].merged_into_id is None for person in merged)
        left_behind = Order.objects.filter(customer__in=merged)
        assert not left_behind.exists()


def test_a_person_limited_to_a_channel_sees_its_customers_only(client):
    ours, theirs = make_channel(), make_channel()
    seen, hidden = make_order(ours, ("MUG", 1)), make_order(theirs, ("MUG", 1))
    user = make_user(Role.CUSTOMER_SERVICE)
    assert {c.pk for c in customers_for(user)} == {seen.customer_id, hidden.customer_id}
    user = make_user(Role.CUSTOMER_SERVICE)
    AccessScope.objects.create(user=user, kind="channel", object_id=ours.pk)
    assert {c.pk for c in customers_for(user)} == {seen.customer_id}
    client.force_login(user)
    for order, status in ((seen, 200), (hidden, 404)):
        assert client.get(reverse("crm:customer_detail", args=[order.customer_id])).status_code == status


def test_a_pasted_address_is_taken_apart_for_the_order_form(client):
    client.force_login(make_user(Role.ORDER_CLERK))
    answer = client.post(reverse("crm:address_parse"), {"text": "王小明 13800138000 上海市浦东新区世纪大道100号"})
    assert answer.json()["parts"] == {
        "name": "王小明", "phone": "13800138000", "country": "CN", "province": "上海市", "city": "上海市",
        "district": "浦东新区", "street": "世纪大道100号",
    }  # fmt: skip
    assert client.post(reverse("crm:address_parse"), {"text": "1 High Street"}).json() == {"parts": {}}
    page = client.get(reverse("orders:order_edit", args=[make_order(make_channel(), ("MUG", 1)).pk]))
    assert "data-paste-address" in page.content.decode()

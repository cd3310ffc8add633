"""Orders and their customers: merging follows, limits to channels hold."""

import pytest
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import SYSTEM
from core.stages import drain
from crm.selectors import customers_for
from crm.services import merge_customers
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

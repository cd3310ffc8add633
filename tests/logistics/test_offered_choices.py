"""Filters and forms offer people who are limited only the channels and warehouses within their limits."""

import pytest
from django.http import QueryDict
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.ui import lists
from inventory.models import Warehouse
from orders.models import Channel, ImportMapping
from tests.factories.accounts import make_user
from tests.factories.inventory import make_warehouse
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def places() -> tuple[Warehouse, Warehouse]:
    return make_warehouse("SEEN", name="Seen store"), make_warehouse("HIDDEN", name="Hidden store")


@pytest.fixture
def shops() -> tuple[Channel, Channel]:
    return make_channel("seen-shop"), make_channel("hidden-shop")


@pytest.fixture
def limited(places, shops) -> User:
    user = make_user(Role.OPERATIONS_MANAGER)
    AccessScope.objects.create(user=user, kind="warehouse", object_id=places[0].pk)
    AccessScope.objects.create(user=user, kind="channel", object_id=shops[0].pk)
    return User.objects.get(pk=user.pk)


def test_no_list_s_filters_offer_more(limited, places, shops):
    reverse("ui:today")  # loads every app's pages
    offered = set()
    for key in lists.keys():  # noqa: SIM118 - a function of the module
        page = lists.get(key)
        filters = page.filterset(limited, QueryDict("")) if page.may_see(limited) else None
        for kind in ("warehouse", "channel") if filters else ():
            if kind in filters.form.fields:
                names = {str(label) for _value, label in filters.form.fields[kind].choices}
                assert not {places[1].name, shops[1].name, str(places[1]), str(shops[1])} & names, key
                offered.add(key)
    assert {
        "orders.order",
        "orders.intakemessage",
        "logistics.shipment",
        "logistics.fulfilment",
        "cases.case",
    } <= offered


def test_a_hidden_value_in_the_address_finds_nothing(limited, places):
    page = lists.get("logistics.shipment")
    assert not page.filterset(limited, QueryDict(f"warehouse={places[1].pk}")).is_valid()


def test_goods_are_ordered_for_visible_warehouses_only(client, limited, places):
    client.force_login(limited)
    url = reverse("ui:bulk_confirm", args=["supply_chain.shortage"])
    page = client.post(url, {"action": "order", "ids": []}).content.decode()
    assert places[0].name in page
    assert places[1].name not in page


def test_the_administration_offers_visible_channels_and_orders_only(client, limited, shops):
    for shop in shops:
        ImportMapping.objects.create(channel=shop, name=f"of {shop.code}", columns={}, options={})
    client.force_login(limited)
    for name in ("orders_importmapping_add", "orders_importmapping_changelist", "orders_order_changelist"):
        page = client.get(reverse(f"admin:{name}")).content.decode()
        assert shops[1].name not in page, name
    assert shops[0].name in client.get(reverse("admin:orders_importmapping_add")).content.decode()


def test_a_data_error_isnt_noted_on_a_hidden_order(client, limited, shops):
    order = make_order(shops[1], ("MUG", 1))
    client.force_login(limited)
    values = {"order": order.pk, "source": "complaint", "field": "", "note": "", "found_at_0": "2026-03-02",
              "found_at_1": "08:00:00"}  # fmt: skip
    page = client.post(reverse("admin:orders_dataerror_add"), values)
    assert page.status_code == 200
    assert "order" in page.context["adminform"].form.errors
    assert not order.data_errors.exists()

"""The SKU page leads to the orders that hold or wait for its stock."""

import pytest
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.stages import drain
from inventory.models import Reservation, StockDemand
from tests.factories.accounts import make_superuser, make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db


def test_reservations_and_demand_link_to_their_orders(client):
    channel, sku = make_channel(), make_sku("MUG")
    stock(make_warehouse(), sku, 3)
    served = make_order(channel, ("MUG", 3))
    drain()
    waiting = make_order(channel, ("MUG", 2))
    drain()
    assert Reservation.objects.filter(state="active").count() == 1
    assert StockDemand.objects.get().quantity == 2
    url = reverse("inventory:sku_detail", args=[sku.pk])
    client.force_login(make_superuser())
    html = client.get(url).content.decode()
    for order in (served, waiting):
        assert f'<a href="{reverse("orders:order_detail", args=[order.pk])}">{order.number}</a>' in html
    limited = make_user(Role.ORDER_CLERK)
    AccessScope.objects.create(user=limited, kind="channel", object_id=make_channel().pk)
    client.force_login(limited)
    html = client.get(url).content.decode()
    assert waiting.number not in html
    assert "an order you can&#x27;t see" in html
    assert reverse("orders:order_detail", args=[waiting.pk]) not in html

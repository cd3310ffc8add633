"""Currencies with three decimals are refused wherever one is named, and never rounded."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.exceptions import DomainError
from core.money import CURRENCIES, SUPPORTED, currency_choices, currency_problem
from inventory.models import Sku
from orders.models import Channel
from orders.services.edit import edit_order
from supply_chain.models import Supplier
from tests.factories.accounts import make_superuser, make_user
from tests.factories.orders import make_channel, make_order, payload, send

THREE = ("BHD", "KWD")


def test_what_is_supported():
    assert {code for code, _label in currency_choices()} == SUPPORTED
    assert SUPPORTED.isdisjoint(THREE)
    assert {"CNY", "JPY", "USD"} <= SUPPORTED <= CURRENCIES.keys()
    assert currency_problem("CNY") == ""
    assert "three decimals" in currency_problem("KWD")
    assert "ISO 4217" in currency_problem("XX")


@pytest.mark.django_db
@pytest.mark.parametrize("currency", THREE)
def test_every_door_refuses_them(currency, channel, sku, client):
    (result,) = send(channel, payload(("MUG", 1), currency=currency))
    assert result.errors[0]["code"] == "unsupported_currency"
    for row in (make_channel("x", currency=currency), Sku(code="A", currency=currency), Supplier(currency=currency)):
        with pytest.raises(ValidationError) as refused:
            row.clean()
        assert list(refused.value.message_dict) == ["currency"]
    order = make_order(channel, ("MUG", 1))
    with pytest.raises(DomainError) as late:
        edit_order(order_id=order.pk, changes={"currency": currency}, actor=SYSTEM)
    assert late.value.field == "currency"


@pytest.mark.django_db
def test_the_forms_say_it_at_the_field(client, sku):
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    page = client.get(reverse("inventory:sku_edit", args=[sku.pk])).content.decode()
    assert 'value="KWD"' not in page
    client.force_login(make_superuser())
    form = {"code": "kw", "name": "Kuwait", "kind": "api", "currency": "KWD", "country": "KW",
            "time_zone": "Asia/Kuwait", "duplicate_window_hours": "24", "settings": "{}"}  # fmt: skip
    answer = client.post(reverse("admin:orders_channel_add"), form)
    assert "three decimals" in answer.content.decode()
    assert not Channel.objects.filter(code="kw").exists()

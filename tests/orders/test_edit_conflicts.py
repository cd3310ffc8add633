"""Two people correct one order: the second sees what is true now, and nothing that was typed is lost."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.stages import drain
from orders.models import Order
from orders.services.edit import edit_line, edit_order
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(make_user(Role.ORDER_CLERK))
    return client


@pytest.fixture
def order() -> Order:
    order = make_order(make_channel(), ("NONE", 2))
    drain(only=["orders.validate"])
    order.refresh_from_db()
    return order


def inputs(page: str) -> dict[str, str]:
    """What a browser would send of the page's form."""
    form = page.partition('class="form"')[2] or page.partition('class="dialog-form"')[2]
    values = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            values[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    return values


def test_after_a_conflict_the_current_state_is_loaded_beside_what_was_typed(clerk: Client, order: Order) -> None:
    url = reverse("orders:order_edit", args=[order.pk])
    typed = inputs(clerk.get(url).content.decode()) | {
        "ship_street": "新街 9 号", "ship_country": "US", "reason": "The buyer rang up",
    }  # fmt: skip
    edit_order(order_id=order.pk, changes={"ship_street": "旧街 1 号"}, actor=SYSTEM)

    refused = clerk.post(url, typed)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'name="reload"' in page
    assert inputs(page)["ship_street"] == "新街 9 号"

    page = clerk.post(url, typed | {"reload": "1"}).content.decode()
    now = inputs(page)
    assert (now["ship_street"], now["had-ship_street"]) == ("旧街 1 号", "新街 9 号")
    assert 'data-copy="新街 9 号"' in page
    assert (now["ship_country"], now["had-ship_country"]) == ("CN", "US")
    assert 'data-copy="United States"' in page
    assert now["reason"] == "The buyer rang up"
    assert now["version"] > typed["version"]
    assert {name for name in now if name.startswith("had-")} == {"had-ship_street", "had-ship_country"}
    assert 'name="reload"' not in page

    wrong = clerk.post(url, now | {"shipping_fee": "-1"})
    assert wrong.status_code == 422
    assert inputs(wrong.content.decode())["had-ship_street"] == "新街 9 号"

    assert clerk.post(url, now | {"ship_street": now["had-ship_street"]}).status_code == 302
    order.refresh_from_db()
    assert (order.ship_street, order.ship_country) == ("新街 9 号", "CN")


def test_a_line_in_a_dialog_too(clerk: Client, order: Order) -> None:
    line = order.lines.get()
    url = reverse("orders:line_edit", args=[order.pk, line.pk])
    typed = inputs(clerk.get(url, headers={"HX-Request": "true"}).content.decode()) | {"quantity": "7", "sku": ""}
    edit_line(order_id=order.pk, line_id=line.pk, changes={"quantity": 3}, actor=SYSTEM)
    assert 'name="reload"' in clerk.post(url, typed, headers={"HX-Request": "true"}).content.decode()
    now = inputs(clerk.post(url, typed | {"reload": "1"}, headers={"HX-Request": "true"}).content.decode())
    assert (now["quantity"], now["had-quantity"]) == ("3", "7")
    assert (now["sku"], now["had-sku"]) == ("NONE", "")


def test_other_refusals_offer_no_reload(clerk: Client, order: Order) -> None:
    url = reverse("orders:order_edit", args=[order.pk])
    typed = inputs(clerk.get(url).content.decode())
    refused = clerk.post(url, typed | {"shipping_fee": "-1"})
    assert refused.status_code == 422
    assert 'name="reload"' not in refused.content.decode()

"""What a SKU field offers while somebody types."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku

pytestmark = pytest.mark.django_db
URL = reverse("inventory:sku_lookup")


def offered(client: Client, text: str) -> list[str]:
    return [sku["code"] for sku in client.get(URL, {"q": text}).json()["skus"]]


def test_a_code_or_words_of_a_name_find_it_and_the_very_code_comes_first(client):
    for code, name in (("AMUG-10", "Large jug"), ("MUG-1", "Blue bowl"), ("MUG-10", "Red cup"), ("MUG-0", "Pot")):
        make_sku(code, name=name)
    client.force_login(make_user(Role.ORDER_CLERK))
    assert offered(client, "mug-10") == ["MUG-10"]
    assert offered(client, "MUG-") == ["MUG-0", "MUG-1", "MUG-10"]
    assert offered(client, "blue") == ["MUG-1"]
    assert offered(client, "mug-1") == ["MUG-1", "MUG-10"]
    assert offered(client, " ") == []


def test_a_list_of_offers_ends(client):
    for number in range(25):
        make_sku(f"MUG-{number}")
    client.force_login(make_user(Role.ORDER_CLERK))
    assert len(offered(client, "MUG")) == 20


def test_who_is_not_signed_in_is_offered_nothing(client):
    make_sku("MUG-1")
    assert client.get(URL, {"q": "MUG"}).status_code == 302
    client.force_login(make_user())
    assert client.get(URL, {"q": "MUG"}).status_code == 403


def test_the_very_code_stands_before_names_with_that_word(client):
    make_sku("AAA", name="Lid for a mug")
    make_sku("MUG", name="Bowl")
    client.force_login(make_user(Role.ORDER_CLERK))
    assert offered(client, "mug") == ["MUG", "AAA"]

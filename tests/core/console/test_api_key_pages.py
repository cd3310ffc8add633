"""API keys in the Settings section."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import ApiKey
from core.accounts.scopes import _kinds, register_scope_kind
from core.accounts.selectors import authenticate_api_key
from tests.core.console.counting import count_queries
from tests.factories.accounts import make_api_key, make_user

pytestmark = pytest.mark.django_db

LIST, NEW = "/settings/api-keys/", "/settings/api-keys/new/"


@pytest.fixture
def shelf():
    register_scope_kind("shelf", "Shelves", lambda: [(7, "Top shelf")])
    yield
    del _kinds["shelf"]


@pytest.fixture
def manager(client) -> Client:
    client.force_login(make_user(Role.OPERATIONS_MANAGER), "core.accounts.backends.RoleBackend")
    return client


@pytest.fixture
def clerk() -> Client:
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK), "core.accounts.backends.RoleBackend")
    return client


def test_empty_list_says_what_to_do(manager):
    assert "Create one for every program" in manager.get(LIST).content.decode()


def test_created_key_is_shown_once_and_works(manager, shelf):
    assert "Top shelf" in manager.get(NEW).content.decode()
    response = manager.post(NEW, {"name": "Web shop", "scope": "shelf:7"})
    token = response.context["token"]
    key = ApiKey.objects.get()
    assert token in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert authenticate_api_key(token) == key
    secret = token.rpartition("_")[2]
    for path in (LIST, reverse("console:api_key", args=[key.pk]), "/settings/activity/"):
        page = manager.get(path).content.decode()
        assert secret not in page
        assert key.secret_hash not in page
    assert "Shelves: Top shelf" in manager.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": ""}, "name"), ({"scope": "shelf:99"}, "scope"), ({"expires_at": "2020-01-01"}, "expires_at")],
)
def test_senseless_input_is_refused_at_its_field_and_kept(manager, shelf, fields, field):
    response = manager.post(NEW, {"name": "Web shop", "scope": "", **fields})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not ApiKey.objects.exists()


def test_key_ends_with_its_last_day_in_the_persons_zone(manager):
    tomorrow = timezone.localdate() + timedelta(days=1)
    manager.post(NEW, {"name": "Web shop", "scope": "", "expires_at": tomorrow.isoformat()})
    expires_at = ApiKey.objects.get().expires_at
    assert expires_at is not None
    assert (expires_at - timedelta(seconds=1)).astimezone(timezone.get_current_timezone()).date() >= tomorrow


def test_revoking_needs_post_and_ends_the_key(manager):
    key, token = make_api_key()
    url = reverse("console:api_key_revoke", args=[key.pk])
    assert manager.get(url).status_code == 405
    assert authenticate_api_key(token) == key
    manager.post(url)
    assert authenticate_api_key(token) is None
    assert "Revoked" in manager.get(reverse("console:api_key", args=[key.pk])).content.decode()
    assert manager.post(url, follow=True).status_code == 200, "once more does no harm"


def test_others_neither_see_nor_change_keys(clerk):
    key, token = make_api_key()
    for path in (LIST, NEW, reverse("console:api_key", args=[key.pk])):
        assert clerk.get(path).status_code == 403
    assert clerk.post(NEW, {"name": "Mine", "scope": ""}).status_code == 403
    assert clerk.post(reverse("console:api_key_revoke", args=[key.pk])).status_code == 403
    assert authenticate_api_key(token) == key
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("usable", ["true", "false"])
def test_list_is_filtered_by_validity(manager, usable):
    make_api_key(name="Good one")
    ApiKey.objects.filter(pk=make_api_key(name="Old one")[0].pk).update(revoked_at=timezone.now())
    page = manager.get(LIST, {"usable": usable}).content.decode()
    assert ("Good one" in page) is (usable == "true")
    assert ("Old one" in page) is (usable == "false")


def test_list_costs_the_same_for_one_and_for_many(manager):
    make_api_key()
    one = count_queries(manager, LIST)
    for _number in range(20):
        make_api_key()
    assert count_queries(manager, LIST) == one

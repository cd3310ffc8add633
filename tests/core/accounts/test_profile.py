"""Preferences, and that pages answer in them."""

from datetime import datetime, timezone

import pytest
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from core.accounts.middleware import PreferencesMiddleware
from core.accounts.models import User
from core.audit.models import AuditEntry
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db

PROFILE = {
    "display_name": "李安",
    "language": "zh-hans",
    "time_zone": "Asia/Shanghai",
    "theme": "dark",
    "density": "roomy",
}


@pytest.fixture
def user(client) -> User:
    user = make_user()
    client.force_login(user, "core.accounts.backends.RoleBackend")
    return user


@pytest.fixture(autouse=True)
def english_again():
    yield
    translation.activate("en")


def test_profile_is_kept(client, user):
    assert client.post("/profile/", PROFILE).status_code == 302
    user.refresh_from_db()
    assert {name: getattr(user, name) for name in PROFILE} == PROFILE
    entry = AuditEntry.objects.get(action="accounts.profile_changed")
    assert entry.changes["theme"] == ["auto", "dark"]


def test_unchanged_profile_writes_nothing(client, user):
    client.post("/profile/", PROFILE)
    client.post("/profile/", PROFILE)
    assert AuditEntry.objects.filter(action="accounts.profile_changed").count() == 1


@pytest.mark.parametrize(("name", "value"), [("time_zone", "Mars/Base"), ("language", "xx"), ("theme", "pink")])
def test_senseless_values_are_refused_at_their_field(client, user, name, value):
    response = client.post("/profile/", PROFILE | {name: value})
    assert response.status_code == 422
    assert name in response.context["form"].errors
    assert User.objects.get(pk=user.pk).display_name == ""


def test_rights_cannot_be_smuggled_through_the_profile(client, user):
    client.post(
        "/profile/",
        PROFILE | {"is_superuser": "on", "is_staff": "on", "groups": "1", "username": "root", "email": "x@example.com"},
    )
    changed = User.objects.get(pk=user.pk)
    assert (changed.is_superuser, changed.is_staff, changed.username) == (False, False, user.username)
    assert not changed.groups.exists()
    assert changed.email == ""


def test_e_mail_address_is_kept_and_masked_in_the_trail(client, user):
    values = {"email": "an@example.com", "current_password": PASSWORD}
    assert client.post("/profile/email/", values | {"email": "x"}).status_code == 422
    assert client.post("/profile/email/", values).status_code == 302
    assert User.objects.get(pk=user.pk).email == "an@example.com"
    assert AuditEntry.objects.get(action="accounts.profile_changed").changes["email"] == ["", "a•••"]


def test_times_are_shown_in_the_persons_zone(user):
    user.time_zone = "America/New_York"
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=timezone.utc)  # noqa: UP017  # same thing
    request = RequestFactory().get("/")
    request.user = user
    template = Template('{{ noon|date:"H:i" }}')
    answer = PreferencesMiddleware(lambda _request: HttpResponse(template.render(Context({"noon": noon}))))
    assert answer(request).content == b"08:00"


def test_language_of_the_person_wins_over_the_browsers(client, user):
    user.language = "zh-hans"
    user.save()
    response = client.get("/profile/", headers={"Accept-Language": "en"})
    assert 'lang="zh-hans"' in response.content.decode()


def test_language_switch_serves_visitors_too(client):
    response = client.post("/language/", {"language": "zh-hans", "next": "/login/"})
    assert response["Location"] == "/login/"
    assert 'lang="zh-hans"' in client.get("/login/").content.decode()


def test_language_switch_is_remembered_for_the_person(client, user):
    client.post("/language/", {"language": "zh-hans", "next": "/profile/"})
    assert User.objects.get(pk=user.pk).language == "zh-hans"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_language_switch_never_leads_to_another_site(client, target):
    assert client.post("/language/", {"language": "en", "next": target})["Location"] == "/"


def test_theme_switch(client, user):
    response = client.post("/profile/preferences/", {"theme": "dark"}, headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert client.post("/profile/preferences/", {"theme": "x"}, headers={"HX-Request": "true"}).status_code == 422
    assert User.objects.get(pk=user.pk).theme == "dark"

"""Signing in, the lock-out after failures, and who gets where without it."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone

from core.accounts import services
from core.accounts.models import User
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.stages import drain, stages
from ecom_admin import settings as product_settings
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LOGIN = "/login/"


def sign_in(client: Client, user: User, password: str = PASSWORD, **extra):
    return client.post(LOGIN, {"username": user.username, "password": password}, **extra)


def fail(client: Client, user: User, times: int, **extra):
    for _attempt in range(times):
        response = sign_in(client, user, "wrong", **extra)
    return response


def test_right_password_opens_the_console(client):
    response = sign_in(client, make_user())
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert "_auth_user_id" in client.session


def test_wrong_password_says_so_without_telling_which_part_is_wrong(client):
    known = sign_in(client, make_user(username="known"), "wrong")
    unknown = client.post(LOGIN, {"username": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422
    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert "_auth_user_id" not in client.session


def test_what_ran_out_is_forgotten_and_the_others_stay(client):
    sign_in(client, make_user())
    sign_in(Client(), make_user())
    others = Session.objects.exclude(pk=client.session.session_key)
    others.update(expire_date=timezone.now() - timedelta(seconds=1))
    (stage,) = [stage for stage in stages() if stage.name == "accounts.forget_sessions"]
    assert stage.due().count == 1
    drain(only=[stage.name])
    assert [session.pk for session in Session.objects.all()] == [client.session.session_key]
    assert stage.due().count == 0
    assert client.get("/profile/").status_code == 200


def test_inactive_person_is_refused_like_a_wrong_password(client):
    user = make_user()
    services.set_active(user=user, is_active=False, actor=SYSTEM)
    assert sign_in(client, user).status_code == 422


def test_deactivation_ends_the_running_session(client):
    user = make_user()
    sign_in(client, user)
    services.set_active(user=user, is_active=False, actor=SYSTEM)
    assert client.get("/profile/").status_code == 302


def test_fifth_failure_locks_and_the_right_password_no_longer_helps(client):
    user = make_user()
    assert fail(client, user, 4).status_code == 422
    locked = fail(client, user, 1)
    assert locked.status_code == 429
    assert "15 minutes" in locked.content.decode()
    assert sign_in(client, user).status_code == 429
    assert "_auth_user_id" not in client.session


def test_lock_holds_for_this_name_and_address_only(client):
    user, colleague = make_user(), make_user()
    fail(client, user, 5)
    assert sign_in(client, colleague).status_code == 302
    assert sign_in(Client(), user, REMOTE_ADDR="10.9.9.9").status_code == 302


def test_lock_ends_after_the_cooling_time(client):
    user = make_user()
    fail(client, user, 5)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert sign_in(client, user).status_code == 302


def test_trying_on_does_not_prolong_the_lock(client):
    user = make_user()
    fail(client, user, 5)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        fail(client, user, 3)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert sign_in(client, user).status_code == 302


def test_administrator_unlocks(client):
    user = make_user()
    fail(client, user, 5)
    services.unlock_sign_in(user=user, actor=SYSTEM)
    assert sign_in(client, user).status_code == 302


def test_planted_session_key_is_renewed_at_sign_in(client):
    """Session fixation: an attacker's key must not become the victim's session."""
    user = make_user()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    sign_in(client, user)
    assert client.session.session_key != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/profile/").status_code == 302


def test_sign_out_needs_post_and_ends_the_session(client):
    user = make_user()
    sign_in(client, user)
    assert client.get("/logout/").status_code == 405
    assert client.get("/profile/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert client.get("/profile/").status_code == 302


def test_sign_out_from_another_site_is_refused():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(), "core.accounts.backends.RoleBackend")
    refused = strict.post("/logout/", headers={"referer": "https://evil.example/"})
    assert refused.status_code == 403
    assert "This page is out of date." in refused.content.decode()
    assert "evil.example" not in refused.content.decode()
    assert strict.get("/profile/").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_never_leads_to_another_site(client, target):
    user = make_user()
    response = client.post(f"{LOGIN}?next={target}", {"username": user.username, "password": PASSWORD})
    assert response["Location"] == "/"


ENDED = "Your session has ended."


def test_who_was_signed_in_is_told_that_the_session_has_ended(client):
    user = make_user()
    sign_in(client, user)
    Session.objects.all().delete()
    answer = client.get("/profile/?tab=keys", follow=True)
    assert ENDED in answer.content.decode()
    again = client.post(LOGIN, {"username": user.username, "password": "wrong", "next": "/profile/", "ended": "1"})
    assert ENDED in again.content.decode()
    assert (
        sign_in(client, user, QUERY_STRING=answer.redirect_chain[-1][0].partition("?")[2])["Location"]
        == "/profile/?tab=keys"
    )


def test_who_sends_a_form_signed_out_gets_back_to_the_page_that_it_was_on(client):
    user = make_user()
    answer = client.post("/profile/preferences/", headers={"referer": "http://testserver/profile/?tab=keys"})
    assert answer["Location"] == "/login/?next=%2Fprofile%2F%3Ftab%3Dkeys&ended=1"
    elsewhere = client.post("/profile/preferences/", headers={"referer": "https://evil.example/"})
    assert elsewhere["Location"] == "/login/?next=%2Fprofile%2Fpreferences%2F&ended=1"
    assert sign_in(client, user, QUERY_STRING=answer["Location"].partition("?")[2])["Location"] == "/profile/?tab=keys"


def test_who_was_never_signed_in_is_told_nothing_of_a_session(client):
    assert ENDED not in client.get("/profile/", follow=True).content.decode()


def test_signed_out_page_leads_to_sign_in_and_back(client):
    response = client.get("/profile/password/")
    assert response["Location"] == "/login/?next=/profile/password/"


def test_signed_out_fragment_keeps_the_page_and_what_was_typed(client):
    response = client.get("/profile/", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Trigger"] == "session-ended"


def test_password_change_ends_other_sessions_but_not_this_one(client):
    user = make_user()
    sign_in(client, user)
    other = Client()
    sign_in(other, user)
    new = "another horse battery"
    response = client.post(
        "/profile/password/", {"current_password": PASSWORD, "new_password1": new, "new_password2": new}
    )
    assert response.status_code == 302
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


def test_password_change_refuses_a_weak_password(client):
    user = make_user()
    sign_in(client, user)
    weak = {"current_password": PASSWORD, "new_password1": "12345", "new_password2": "12345"}
    assert client.post("/profile/password/", weak).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_sessions_and_password_changes_are_in_the_trail_without_the_password(client):
    user = make_user()
    sign_in(client, user)
    new = "another horse battery"
    client.post("/profile/password/", {"current_password": PASSWORD, "new_password1": new, "new_password2": new})
    client.post("/logout/")
    rows = AuditEntry.objects.filter(subject_type="accounts.user", subject_id=user.pk).order_by("id")
    assert [row.action.partition(".")[2] for row in rows] == [
        "user_created",
        "signed_in",
        "password_changed",
        "signed_out",
    ]
    assert all(new not in str(row.changes) for row in rows)


@override_settings(PASSWORD_HASHERS=product_settings.PASSWORD_HASHERS)
def test_passwords_are_hashed_with_argon2():
    assert identify_hasher(make_password("x")).algorithm == "argon2"

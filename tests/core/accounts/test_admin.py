"""The admin site: who gets in, and that people and keys are written through the services."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse
from django_otp import devices_for_user

from core.accounts.enums import Role
from core.accounts.models import ApiKey, RolePolicy, User
from core.accounts.scopes import _kinds, register_scope_kind
from core.accounts.selectors import authenticate_api_key, scope_ids
from core.accounts.services import begin_totp, confirm_totp
from core.actor import SYSTEM
from core.admin import EstimatingPaginator
from core.audit.models import AuditEntry
from core.audit.services import AuditRow, record_many
from tests.core.accounts.test_two_factor import code_of
from tests.factories.accounts import PASSWORD, make_api_key, make_superuser, make_user

pytestmark = pytest.mark.django_db

USERS = "admin:accounts_user_changelist"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "core.accounts.backends.RoleBackend")
    return client


@pytest.fixture
def administrator() -> Client:
    return signed_in(make_user(Role.ADMINISTRATOR, username="admin"))


@pytest.fixture
def shelf():
    register_scope_kind("shelf", "Shelves", lambda: [(7, "Top shelf"), (8, "Low shelf")])
    yield
    del _kinds["shelf"]


def user_form(user: User, **fields) -> dict[str, object]:
    form = {
        "username": user.username,
        "is_active": "on",
        "display_name": user.display_name,
        "email": user.email,
        "language": user.language,
        "time_zone": user.time_zone,
        "theme": user.theme,
        "density": user.density,
    }
    return form | fields


def change_url(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR, Role.OPERATIONS_MANAGER}))
def test_other_roles_do_not_get_in(role):
    assert signed_in(make_user(role)).get("/admin/").status_code in (302, 403)
    assert signed_in(make_user(role)).get("/admin/login/").status_code == 403


def test_visitors_are_led_to_the_consoles_sign_in(client):
    response = client.get("/admin/accounts/user/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login/?next=/admin/")
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/login/?next=/admin/"


def test_admin_login_form_of_django_is_not_a_way_around(client):
    user = make_superuser()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_manager_sees_no_accounts():
    manager = signed_in(make_user(Role.OPERATIONS_MANAGER))
    assert manager.get("/admin/").status_code == 200
    assert manager.get(reverse(USERS)).status_code == 403


def test_person_is_added_with_a_password(administrator):
    response = administrator.post(
        reverse("admin:accounts_user_add"),
        {"username": "li.an", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
    )
    user = User.objects.get(username="li.an")
    assert response["Location"] == change_url(user)
    assert user.check_password(PASSWORD)
    assert AuditEntry.objects.get(action="accounts.user_created", subject_id=user.pk).actor_label == "admin"


def test_roles_and_limits_are_set_with_names_to_choose_from(administrator, shelf):
    user = make_user(Role.BUYER)
    page = administrator.get(change_url(user)).content.decode()
    assert "Top shelf" in page
    assert "pbkdf2" not in page
    administrator.post(change_url(user), user_form(user, roles=["analyst", "marketer"], scope_shelf=["7"]))
    user = User.objects.get(pk=user.pk)
    assert set(user.groups.values_list("name", flat=True)) == {"analyst", "marketer"}
    assert scope_ids(user, "shelf") == frozenset({7})
    actions = set(AuditEntry.objects.filter(subject_id=user.pk).values_list("action", flat=True))
    assert {"accounts.roles_set", "accounts.scopes_set"} <= actions


def test_limit_to_something_unknown_is_refused(administrator, shelf):
    user = make_user()
    assert administrator.post(change_url(user), user_form(user, scope_shelf=["99"])).status_code == 200
    assert scope_ids(user, "shelf") is None


def test_change_is_in_the_trail_with_old_and_new(administrator):
    user = make_user(display_name="An")
    administrator.post(change_url(user), user_form(user, time_zone="Europe/London"))
    entry = AuditEntry.objects.get(action="accounts.user_changed", subject_id=user.pk)
    assert entry.changes == {"time_zone": ["", "Europe/London"]}


def test_administrator_cannot_become_superuser_nor_touch_one(administrator):
    admin_user = User.objects.get(username="admin")
    form = user_form(admin_user, roles=["administrator"], is_superuser="on", is_staff="on", user_permissions="1")
    administrator.post(change_url(admin_user), form)
    admin_user.refresh_from_db()
    assert not admin_user.is_superuser
    boss = make_superuser()
    password_url = reverse("admin:auth_user_password_change", args=[boss.pk])
    new = {"usable_password": "true", "password1": "taken over 123", "password2": "taken over 123"}
    assert administrator.post(password_url, new).status_code == 403
    assert administrator.post(change_url(boss), user_form(boss, email="evil@example.com")).status_code == 403
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)
    assert boss.email == ""


def test_set_password_is_in_the_trail(administrator):
    user = make_user()
    new = {"usable_password": "true", "password1": "another horse 1", "password2": "another horse 1"}
    administrator.post(reverse("admin:auth_user_password_change", args=[user.pk]), new)
    assert User.objects.get(pk=user.pk).check_password("another horse 1")
    assert AuditEntry.objects.filter(action="accounts.password_set", subject_id=user.pk).count() == 1


def run_action(client: Client, url_name: str, action: str, *objects):
    data = {"action": action, "_selected_action": [str(item.pk) for item in objects]}
    return client.post(reverse(url_name), data)


def test_people_are_deactivated_not_deleted(administrator):
    user = make_user()
    delete = reverse("admin:accounts_user_delete", args=[user.pk])
    assert administrator.post(delete, {"post": "yes"}).status_code == 403
    run_action(administrator, USERS, "delete_selected", user)
    run_action(administrator, USERS, "deactivate", user, User.objects.get(username="admin"))
    user.refresh_from_db()
    assert not user.is_active
    assert User.objects.get(username="admin").is_active, "nobody locks himself out"


def test_two_factor_is_removed_for_somebody_who_lost_the_device(administrator):
    user = make_user()
    confirm_totp(user=user, code=code_of(begin_totp(user=user)), actor=SYSTEM)
    run_action(administrator, USERS, "remove_two_factor", user)
    assert not any(devices_for_user(user, confirmed=None))


def test_key_is_shown_once_and_works(administrator, shelf):
    add = reverse("admin:accounts_apikey_add")
    assert "Top shelf" in administrator.get(add).content.decode()
    response = administrator.post(add, {"name": "Web shop", "scope": "shelf:7", "expires_at": ""})
    key = ApiKey.objects.get()
    token = response.context["token"]
    assert token in response.content.decode()
    assert authenticate_api_key(token) == key
    assert (key.scope_kind, key.scope_object_id, str(key.created_by)) == ("shelf", 7, "admin")
    listed = administrator.get(reverse("admin:accounts_apikey_changelist")).content.decode()
    assert token.rpartition("_")[2] not in listed
    assert (
        key.secret_hash
        not in administrator.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    )


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "Web shop", "expires_at": "2020-01-01"}])
def test_senseless_key_is_not_made(administrator, fields):
    assert administrator.post(reverse("admin:accounts_apikey_add"), fields).status_code == 200
    assert not ApiKey.objects.exists()


def test_keys_are_revoked_by_action(administrator):
    (key, token), (other, _token) = make_api_key(), make_api_key()
    run_action(administrator, "admin:accounts_apikey_changelist", "revoke", key)
    run_action(administrator, "admin:accounts_apikey_changelist", "revoke", key)
    assert authenticate_api_key(token) is None
    other.refresh_from_db()
    assert other.revoked_at is None


@pytest.mark.parametrize(("language", "said"), [("en", "See "), ("zh-hans", "查看")])
def test_a_role_s_rights_are_named_in_one_form(language, said):
    client = signed_in(make_user(Role.ADMINISTRATOR, language=language))
    group = Group.objects.get(name=Role.ADMINISTRATOR)
    page = client.get(reverse("admin:accounts_rolegroup_change", args=[group.pk])).content.decode()
    [shown] = re.findall(r'field-rights">.*?<div class="readonly">(.*?)</div>', page, re.DOTALL)
    rights = re.findall("<li>(.*?)</li>", shown)
    headings = re.findall("<h3>(.*?)</h3>", shown)
    assert len(set(headings)) == len(headings) > 5
    assert [heading for heading in headings if heading.isascii()] == (headings if language == "en" else [])
    assert len(rights) == group.permissions.count()
    assert [right for right in rights if right.startswith("Can ")] == []
    assert sum(right.startswith(said) for right in rights) > 30
    wordless = [right for right in rights if right.isascii()]
    assert wordless == (rights if language == "en" else [])


def test_roles_are_looked_at_not_edited(administrator):
    group = Group.objects.get(name=Role.ORDER_CLERK)
    url = reverse("admin:accounts_rolegroup_change", args=[group.pk])
    assert "See personal data unmasked" in administrator.get(url).content.decode()
    assert administrator.post(url, {"name": "x", "permissions": []}).status_code == 403
    assert administrator.get(reverse("admin:accounts_rolegroup_add")).status_code == 403


def test_secrets_of_devices_have_no_page(administrator):
    user = make_user()
    _device, codes = confirm_totp(user=user, code=code_of(begin_totp(user=user)), actor=SYSTEM)
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/", "auth/group/"):
        assert administrator.get(f"/admin/{path}").status_code == 404
    assert codes[0] not in administrator.get(change_url(user)).content.decode()


def test_failed_sign_ins_are_listed(administrator, client):
    client.post("/login/", {"username": "mallory", "password": "x"})
    assert "mallory" in administrator.get(reverse("admin:accounts_failedsignin_changelist")).content.decode()


def test_policy_change_is_in_the_trail(administrator):
    administrator.post(reverse("admin:accounts_rolepolicy_add"), {"role": "buyer", "require_totp": "on"})
    assert RolePolicy.objects.get().require_totp
    assert AuditEntry.objects.get(action="accounts.role_policy_set").changes == {"require_totp": [None, True]}


def test_audit_trail_is_read_only(administrator):
    record_many([AuditRow("x.done", SYSTEM, "x.thing", 1)])
    entry = AuditEntry.objects.get(action="x.done")
    url = reverse("admin:audit_auditentry_change", args=[entry.pk])
    assert administrator.get(url).status_code == 200
    assert administrator.post(url, {"reason": "x"}).status_code == 403
    assert administrator.post(reverse("admin:audit_auditentry_delete", args=[entry.pk])).status_code == 403
    assert administrator.get(reverse("admin:audit_auditentry_add")).status_code == 403


@pytest.mark.parametrize("query", ["", "?q=x.done", "?q=4711", "?actor_kind__exact=user"])
def test_audit_trail_is_searched_and_filtered(administrator, query):
    assert administrator.get(reverse("admin:audit_auditentry_changelist") + query).status_code == 200


def test_the_site_looks_like_the_console_and_lists_the_apps_in_the_order_of_work(administrator):
    User.objects.filter(username="admin").update(theme="dark")
    page = administrator.get(reverse("admin:index")).content.decode()
    assert '<meta name="theme" content="dark">' in page
    places = [page.index(f"app-{label} module") for label in ("orders", "inventory", "cases", "outbox", "accounts")]
    assert places == sorted(places)


def test_every_admin_list_opens(administrator):
    """Lists, with a search, of every model that is registered: a broken column or search field shows here."""
    for model in admin.site._registry:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert administrator.get(url).status_code == 200, url
        if admin.site._registry[model].search_fields:
            assert administrator.get(f"{url}?q=1").status_code == 200, url


def test_large_tables_are_estimated_not_counted(django_assert_max_num_queries):
    record_many([AuditRow("x.done", SYSTEM, "x.thing", number) for number in range(10_050)])
    paginator = EstimatingPaginator(AuditEntry.objects.order_by("-id"), 50)
    with django_assert_max_num_queries(2):
        assert paginator.count >= 10_001
    few = EstimatingPaginator(AuditEntry.objects.filter(subject_id__lt=10), 50)
    assert few.count == 10


@pytest.mark.parametrize("role", list(Role))
def test_who_may_change_a_thing_can_choose_what_it_refers_to(role):
    """A choice that completes itself asks for the right to see the others; a plain one doesn't."""
    request = RequestFactory().get("/")
    request.user = make_user(role)
    pages: dict[Any, Any] = admin.site._registry
    out_of_reach = [
        f"{model._meta.label}.{name}"
        for model, page in pages.items()
        if page.has_add_permission(request) or page.has_change_permission(request)
        for name in page.get_autocomplete_fields(request)
        if not pages[model._meta.get_field(name).related_model].has_view_permission(request)
    ]
    assert out_of_reach == []


def test_the_page_of_a_person_tells_nothing_of_the_password_but_that_it_is_set(administrator: Client) -> None:
    user = make_user()
    url = reverse("admin:accounts_user_change", args=[user.pk])
    page = administrator.get(url).content.decode()
    algorithm, *_rest, salt, _hash = user.password.split("$")
    assert [word for word in (algorithm, "iterations", "salt", salt) if word in page.partition("<main")[2]] == []
    assert "<strong>Set</strong>" in page
    user.set_unusable_password()
    user.save()
    assert "<strong>Not set</strong>" in administrator.get(url).content.decode()

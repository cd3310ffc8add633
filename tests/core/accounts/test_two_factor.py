"""The second factor: set-up, proof, recovery codes, and roles that demand it."""

from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken

from core.accounts import services
from core.accounts.enums import Role
from core.accounts.models import AuthenticatorApp, RolePolicy, User
from core.accounts.selectors import recovery_codes_left, totp_device
from core.actor import SYSTEM
from core.crypto import decrypt
from core.exceptions import DomainError
from tests.factories.accounts import PASSWORD, make_superuser, make_user

pytestmark = pytest.mark.django_db

VERIFY, SET_UP, PROFILE = "/login/verify/", "/profile/two-factor/", "/profile/"


def code_of(device: AuthenticatorApp, drift: int = 0) -> str:
    return f"{totp(device.bin_key, drift=drift):06d}"


def with_app(user: User) -> tuple[AuthenticatorApp, list[str]]:
    """Give the person a confirmed app whose next code hasn't been used."""
    device = services.begin_totp(user=user)
    with time_machine.travel(timezone.now(), tick=False):  # the code before this one is good until the step ends
        confirmed, codes = services.confirm_totp(user=user, code=code_of(device, drift=-1), actor=SYSTEM)
    return confirmed, codes


def sign_in(client: Client, user: User) -> None:
    client.post("/login/", {"username": user.username, "password": PASSWORD})


def demand(role: Role) -> None:
    RolePolicy.objects.create(role=role, require_totp=True)


def test_set_up_shows_a_code_to_scan_and_confirms_it(client):
    user = make_user()
    sign_in(client, user)
    page = client.get(SET_UP)
    assert b'<svg class="qr-code"' in page.content
    assert b"style=" not in page.content.split(b'<svg class="qr-code"')[1].split(b"</svg>")[0]
    device = AuthenticatorApp.objects.get(user=user)
    assert not device.confirmed
    response = client.post(SET_UP, {"code": code_of(device), "current_password": PASSWORD})
    assert response.status_code == 200
    assert len(response.context["codes"]) == services.two_factor.RECOVERY_CODES
    assert totp_device(user) == device
    assert client.get(PROFILE).status_code == 200


def test_wrong_code_confirms_nothing(client):
    user = make_user()
    sign_in(client, user)
    client.get(SET_UP)
    assert client.post(SET_UP, {"code": "000000", "current_password": PASSWORD}).status_code == 422
    assert totp_device(user) is None
    assert recovery_codes_left(user) == 0


def test_password_alone_reaches_nothing_once_an_app_is_set_up(client):
    user = make_user(Role.ADMINISTRATOR)
    with_app(user)
    sign_in(client, user)
    for path in (PROFILE, "/", "/profile/password/", "/admin/", "/settings/api-keys/"):
        assert client.get(path)["Location"].startswith(VERIFY), path
    assert client.post("/profile/two-factor/disable/")["Location"] == VERIFY
    assert client.post("/profile/two-factor/codes/")["Location"] == VERIFY
    assert totp_device(user) is not None
    assert recovery_codes_left(user) == services.two_factor.RECOVERY_CODES


def test_thief_of_a_password_cannot_set_up_an_app_of_their_own(client):
    user = make_user()
    with_app(user)
    sign_in(client, user)
    assert client.get(SET_UP)["Location"].startswith(PROFILE)
    assert client.post(SET_UP, {"code": "123456"})["Location"].startswith(PROFILE)
    assert AuthenticatorApp.objects.filter(user=user).count() == 1


def test_code_opens_the_console_and_leads_to_the_wanted_page(client):
    user = make_user()
    device, _codes = with_app(user)
    sign_in(client, user)
    before = client.session.session_key
    wanted = client.get(PROFILE)["Location"]
    response = client.post(wanted, {"code": code_of(device)})
    assert response["Location"] == PROFILE
    assert client.get(PROFILE).status_code == 200
    assert client.session.session_key != before


def test_a_code_works_once():
    user = make_user()
    device, _codes = with_app(user)
    code = code_of(device)
    services.verify_second_factor(user=user, code=code)
    with pytest.raises(DomainError) as refused:
        services.verify_second_factor(user=user, code=code)
    assert refused.value.code == "wrong_code"


@time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=UTC), tick=False)
def test_guessing_is_slowed_down():
    user = make_user()
    device, _codes = with_app(user)
    codes = []
    for _attempt in range(3):
        with pytest.raises(DomainError) as refused:
            services.verify_second_factor(user=user, code="000000")
        codes.append(refused.value.code)
    assert codes == ["wrong_code", "throttled", "throttled"]
    with pytest.raises(DomainError, match="Too many"):
        services.verify_second_factor(user=user, code=code_of(device))


def test_recovery_code_opens_once(client):
    user = make_user()
    _device, codes = with_app(user)
    sign_in(client, user)
    typed = f"{codes[0][:4]}-{codes[0][4:]}".upper()
    assert client.post(VERIFY, {"code": typed}).status_code == 302
    assert client.get(PROFILE).status_code == 200
    assert recovery_codes_left(user) == len(codes) - 1
    again = Client()
    sign_in(again, user)
    assert again.post(VERIFY, {"code": typed}).status_code == 422


def test_another_persons_code_is_refused():
    user, colleague = make_user(), make_user()
    with_app(user)
    device, codes = with_app(colleague)
    for code in (code_of(device), codes[0]):
        with pytest.raises(DomainError):
            services.verify_second_factor(user=user, code=code)


@pytest.mark.parametrize("make", [lambda: make_user(Role.ADMINISTRATOR), make_superuser])
def test_role_that_demands_it_reaches_nothing_before_set_up(client, make):
    demand(Role.ADMINISTRATOR)
    user = make()
    sign_in(client, user)
    for path in (PROFILE, "/", "/admin/", "/admin/accounts/user/"):
        assert client.get(path)["Location"].startswith(SET_UP), path
    assert client.post("/profile/preferences/", {"theme": "dark"})["Location"] == SET_UP
    assert User.objects.get(pk=user.pk).theme == "auto"
    assert client.get(SET_UP).status_code == 200
    assert client.post("/logout/").status_code == 302


def test_policy_holds_for_people_already_signed_in(client):
    user = make_user(Role.BUYER)
    sign_in(client, user)
    assert client.get(PROFILE).status_code == 200
    demand(Role.BUYER)
    assert client.get(PROFILE)["Location"].startswith(SET_UP)


def test_fragment_of_a_page_makes_the_whole_page_go_to_set_up(client):
    user = make_user(Role.BUYER)
    sign_in(client, user)
    demand(Role.BUYER)
    response = client.get(PROFILE, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (204, SET_UP)


def test_policy_of_another_role_does_not_matter(client):
    demand(Role.ADMINISTRATOR)
    sign_in(client, make_user(Role.BUYER))
    assert client.get(PROFILE).status_code == 200


def test_demanded_factor_cannot_be_switched_off(client):
    demand(Role.BUYER)
    user = make_user(Role.BUYER)
    device, codes = with_app(user)
    sign_in(client, user)
    client.post(VERIFY, {"code": codes[0]})
    client.post("/profile/two-factor/disable/", {"current_password": PASSWORD, "code": code_of(device)})
    assert totp_device(user) is not None


def test_switching_off_removes_app_and_codes(client):
    user = make_user()
    device, codes = with_app(user)
    sign_in(client, user)
    client.post(VERIFY, {"code": codes[0]})
    client.post("/profile/two-factor/disable/", {"current_password": PASSWORD, "code": code_of(device)})
    assert totp_device(user) is None
    assert recovery_codes_left(user) == 0
    assert client.get(PROFILE).status_code == 200


def test_renewing_the_codes_ends_the_old_ones():
    user = make_user()
    _device, old = with_app(user)
    new = services.renew_recovery_codes(user=user, actor=SYSTEM)
    assert not set(old) & set(new)
    with pytest.raises(DomainError):
        services.verify_second_factor(user=user, code=old[0])


def test_recovery_codes_are_hashed_at_rest():
    """Who has read the database has no code: not in it, and what is in it opens nothing."""
    user, colleague = make_user(), make_user()
    _device, codes = with_app(user)
    with_app(colleague)
    kept = list(StaticToken.objects.values_list("token", flat=True))
    assert len(set(kept)) == 2 * services.two_factor.RECOVERY_CODES
    assert not set(codes) & {token.lower() for token in kept}
    with pytest.raises(DomainError):
        services.verify_second_factor(user=user, code=kept[0])


def test_the_same_code_is_kept_differently_for_each_person(monkeypatch):
    monkeypatch.setattr(StaticToken, "random_token", staticmethod(lambda: "abcdefgh"))
    for user in (make_user(), make_user()):
        with_app(user)
    assert StaticToken.objects.values("token").distinct().count() == 2


PROTECTED = ("/profile/two-factor/disable/", "/profile/two-factor/codes/", "/profile/password/", "/profile/email/")
NEW = {"new_password1": "another horse battery", "new_password2": "another horse battery", "email": "new@example.com"}


def state(user: User) -> tuple[object, ...]:
    known = User.objects.get(pk=user.pk)
    tokens = StaticToken.objects.filter(device__user=known).values_list("token", flat=True).order_by("token")
    return (known.password, known.email, totp_device(known), *tokens)


@pytest.mark.parametrize("path", PROTECTED)
def test_an_open_session_alone_changes_nothing_that_protects_the_account(client, path):
    user = make_user()
    device, codes = with_app(user)
    sign_in(client, user)
    client.post(VERIFY, {"code": codes[0]})
    assert client.get(path).status_code == 200
    before = state(user)
    for proof in (
        {},
        {"current_password": PASSWORD},
        {"code": code_of(device)},
        {"current_password": "wrong", "code": code_of(device)},
        {"current_password": PASSWORD, "code": "000000"},
    ):
        assert client.post(path, NEW | proof).status_code == 422, proof
    assert state(user) == before


@pytest.mark.parametrize("path", PROTECTED)
def test_password_and_code_change_it(client, path):
    user = make_user()
    device, codes = with_app(user)
    sign_in(client, user)
    client.post(VERIFY, {"code": codes[0]})
    before = state(user)
    response = client.post(path, NEW | {"current_password": PASSWORD, "code": code_of(device)})
    assert response.status_code in (200, 302)
    assert state(user) != before


def test_without_an_app_the_password_is_enough(client):
    user = make_user()
    sign_in(client, user)
    assert client.post("/profile/email/", NEW).status_code == 422
    assert client.post("/profile/email/", NEW | {"current_password": PASSWORD}).status_code == 302
    assert User.objects.get(pk=user.pk).email == NEW["email"]


def test_a_mistake_elsewhere_doesnt_use_up_the_code(client):
    user = make_user()
    device, codes = with_app(user)
    sign_in(client, user)
    client.post(VERIFY, {"code": codes[0]})
    proof = {"current_password": PASSWORD, "code": code_of(device)}
    weak = {"new_password1": "1", "new_password2": "1"}
    assert client.post("/profile/password/", weak | proof).status_code == 422
    assert client.post("/profile/password/", NEW | proof).status_code == 302


def test_guessing_the_password_in_a_session_locks_like_the_sign_in_page(client):
    user = make_user()
    sign_in(client, user)
    answers = [client.post("/profile/email/", NEW | {"current_password": "no"}).status_code for _ in range(5)]
    assert answers[-1] == 429
    assert client.post("/profile/email/", NEW | {"current_password": PASSWORD}).status_code == 429
    assert User.objects.get(pk=user.pk).email == ""


def test_an_app_is_set_up_with_the_password_only(client):
    user = make_user()
    sign_in(client, user)
    client.get(SET_UP)
    code = code_of(AuthenticatorApp.objects.get(user=user))
    assert client.post(SET_UP, {"code": code}).status_code == 422
    assert client.post(SET_UP, {"code": code, "current_password": "wrong"}).status_code == 422
    assert totp_device(user) is None


def test_the_app_s_secret_is_encrypted_at_rest():
    device, _codes = with_app(make_user())
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM accounts_authenticatorapp WHERE id = %s", [device.pk])
        [stored] = cursor.fetchone()
    assert device.key not in stored
    assert device.bin_key.hex() == device.key == decrypt(stored)


def test_keys_are_rotated_with_those_of_channels(settings):
    device, _codes = with_app(make_user())
    old = list(settings.FIELD_ENCRYPTION_KEYS)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    call_command("rotate_field_keys", stdout=StringIO())
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert AuthenticatorApp.objects.get(pk=device.pk).bin_key == device.bin_key

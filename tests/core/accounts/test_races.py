"""Several at once: a code counts once, a lock-out isn't outrun, roles and limits don't mix."""

from functools import partial

import pytest
from django.test import Client

from core.accounts import services
from core.accounts.enums import Role
from core.accounts.models import AccessScope, User
from core.accounts.selectors import recovery_codes_left
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.exceptions import Conflict, DomainError
from tests.core.accounts.test_two_factor import code_of, with_app
from tests.core.threads import run_together
from tests.factories.accounts import PASSWORD, make_api_key, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes(results, error: type[Exception]) -> tuple[int, int]:
    """How many succeeded, how many met the expected error; anything else fails the test."""
    failed = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, error) for result in failed), failed
    return len(results) - len(failed), len(failed)


def test_one_code_of_the_app_opens_once():
    user = make_user()
    device, _codes = with_app(user)
    attempt = partial(services.verify_second_factor, user=user, code=code_of(device))
    assert outcomes(run_together(*[attempt] * 4), DomainError) == (1, 3)


def test_one_recovery_code_opens_once():
    user = make_user()
    _device, codes = with_app(user)
    attempt = partial(services.verify_second_factor, user=user, code=codes[0])
    assert outcomes(run_together(*[attempt] * 4), DomainError) == (1, 3)
    assert recovery_codes_left(user) == len(codes) - 1


def test_key_is_revoked_once():
    key, _token = make_api_key()
    attempt = partial(services.revoke_api_key, key_id=key.pk, actor=SYSTEM)
    assert outcomes(run_together(*[attempt] * 4), Conflict) == (1, 3)
    assert AuditEntry.objects.filter(action="accounts.api_key_revoked").count() == 1


def test_wrong_passwords_in_parallel_still_lock():
    user = make_user()

    def attempt() -> int:
        return Client().post("/login/", {"username": user.username, "password": "wrong"}).status_code

    answers = run_together(*[attempt] * 8)
    assert set(answers) <= {422, 429}
    attempt()  # parallel attempts may all have been let through the check together; no later one is
    assert Client().post("/login/", {"username": user.username, "password": PASSWORD}).status_code == 429


def test_same_limit_set_twice_at_once_is_one_row():
    user = make_user()
    attempt = partial(services.set_scopes, user=user, kind="shelf", object_ids=[3, 5], actor=SYSTEM)
    assert outcomes(run_together(*[attempt] * 4), DomainError) == (4, 0)
    assert AccessScope.objects.filter(user=user).count() == 2
    assert AuditEntry.objects.filter(action="accounts.scopes_set").count() == 1


def test_roles_end_as_one_of_the_two_that_were_set():
    user = make_user()
    wanted: list[list[Role]] = [[Role.BUYER, Role.ANALYST], [Role.MARKETER]]
    calls = [
        partial(services.set_roles, user=User.objects.get(pk=user.pk), roles=roles, actor=SYSTEM) for roles in wanted
    ]
    assert outcomes(run_together(*calls), DomainError) == (2, 0)
    held = set(user.groups.values_list("name", flat=True))
    assert held in [{role.value for role in roles} for roles in wanted]


def test_a_person_is_shut_out_once():
    user = make_user()
    attempt = partial(services.set_active, user=user, is_active=False, actor=SYSTEM)
    assert outcomes(run_together(*[attempt] * 4), DomainError) == (4, 0)
    assert AuditEntry.objects.filter(action="accounts.user_deactivated").count() == 1

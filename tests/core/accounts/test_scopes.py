"""Limits to single objects of a kind."""

import pytest
from django.contrib.auth.models import AnonymousUser

from core.accounts.models import AccessScope, User
from core.accounts.selectors import scope_ids
from core.accounts.services import set_scopes
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from tests.factories.accounts import make_superuser, make_user

pytestmark = pytest.mark.django_db


def limit(user: User, *ids: int, kind: str = "shelf") -> None:
    set_scopes(user=user, kind=kind, object_ids=ids, actor=SYSTEM)


def test_without_rows_there_is_no_limit():
    assert scope_ids(make_user(), "shelf") is None


def test_rows_add_up_by_kind():
    user = make_user()
    limit(user, 3, 5)
    limit(user, 9, kind="gate")
    assert scope_ids(user, "shelf") == frozenset({3, 5})
    assert scope_ids(user, "gate") == frozenset({9})
    assert scope_ids(user, "other") is None


def test_setting_replaces_and_emptying_lifts():
    user = make_user()
    limit(user, 3, 5)
    limit(user, 5, 6)
    assert scope_ids(user, "shelf") == frozenset({5, 6})
    limit(user)
    assert scope_ids(user, "shelf") is None


def test_superuser_is_never_limited():
    user = make_superuser()
    limit(user, 3)
    assert scope_ids(user, "shelf") is None


def test_nobody_sees_nothing():
    assert scope_ids(AnonymousUser(), "shelf") == frozenset()


def test_limits_of_one_person_are_not_anothers():
    user, colleague = make_user(), make_user()
    limit(user, 3)
    assert scope_ids(colleague, "shelf") is None


def test_all_kinds_cost_one_statement_per_request(django_assert_num_queries):
    user = make_user()
    limit(user, 3)
    fresh = User.objects.get(pk=user.pk)
    with django_assert_num_queries(1):
        assert scope_ids(fresh, "shelf") == frozenset({3})
        assert scope_ids(fresh, "gate") is None
        assert not fresh.has_perm("accounts.manage_api_keys")


def test_same_limit_twice_is_one_row_and_one_entry():
    user = make_user()
    limit(user, 3)
    limit(user, 3)
    assert AccessScope.objects.filter(user=user).count() == 1
    entry = AuditEntry.objects.get(action="accounts.scopes_set")
    assert entry.changes == {"shelf": [[], [3]]}

"""API keys: only a hash is kept, and an ended key is worth nothing."""

import hmac
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.accounts import selectors
from core.accounts.models import ApiKey
from core.accounts.scopes import _kinds, register_scope_kind
from core.accounts.selectors import authenticate_api_key
from core.accounts.services import note_api_key_use, revoke_api_key
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.exceptions import Conflict, DomainError
from tests.factories.accounts import make_api_key, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    """A kind of limit that no app has."""
    register_scope_kind("shelf", "Shelves", lambda: [(7, "Top shelf")])
    yield "shelf"
    del _kinds["shelf"]


def test_key_opens_and_only_its_hash_is_kept():
    key, token = make_api_key()
    assert token.startswith(f"eck_{key.prefix}_")
    assert authenticate_api_key(token) == key
    secret = token.rpartition("_")[2]
    stored = ApiKey.objects.values().get(pk=key.pk)
    assert all(secret not in str(value) for value in stored.values())
    assert stored["secret_hash"] == selectors.hash_secret(secret)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.swapcase(),
        lambda token: token.replace("eck_", "key_"),
        lambda token: token.rpartition("_")[0] + "_",
        lambda token: token.rpartition("_")[0],
        lambda token: f"eck__{token.rpartition('_')[2]}",
        lambda _token: "",
        lambda _token: "_",
        lambda _token: "eck_%_%",
        lambda _token: "eck_\x00aaaaaaaaaaa_b",
        lambda _token: "钥匙",
    ],
)
def test_anything_else_is_refused(spoil):
    _key, token = make_api_key()
    assert authenticate_api_key(spoil(token)) is None


def test_secrets_of_two_keys_are_not_interchangeable():
    (_a, token_a), (key_b, _token_b) = make_api_key(), make_api_key()
    assert authenticate_api_key(f"eck_{key_b.prefix}_{token_a.rpartition('_')[2]}") is None


def test_unknown_prefix_is_compared_like_a_wrong_secret(monkeypatch):
    """No early return tells by its time that a prefix exists."""
    key, _token = make_api_key()
    compared = []
    real = hmac.compare_digest

    def compare(left: str, right: str) -> bool:
        compared.append((len(left), len(right)))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    authenticate_api_key(f"eck_{key.prefix}_wrong")
    authenticate_api_key("eck_aaaaaaaaaaaa_wrong")
    assert compared == [(64, 64), (64, 64)]


def test_revoked_key_is_refused_at_once():
    key, token = make_api_key()
    revoke_api_key(key_id=key.pk, actor=SYSTEM)
    assert authenticate_api_key(token) is None
    with pytest.raises(Conflict):
        revoke_api_key(key_id=key.pk, actor=SYSTEM)


def test_key_ends_at_its_expiry():
    key, token = make_api_key(expires_at=timezone.now() + timedelta(hours=1))
    assert authenticate_api_key(token) == key
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert authenticate_api_key(token) is None


def test_authentication_is_one_statement(django_assert_num_queries):
    _key, token = make_api_key()
    with django_assert_num_queries(1):
        authenticate_api_key(token)


def test_use_is_noted_once_a_minute(django_assert_num_queries):
    key, token = make_api_key()
    note_api_key_use(key)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    assert first is not None
    again = authenticate_api_key(token)
    assert again is not None
    with django_assert_num_queries(0):
        note_api_key_use(again)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        note_api_key_use(again)
    assert ApiKey.objects.filter(pk=key.pk, last_used_at__gt=first).exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "required"),
        ({"scope_kind": "shelf"}, "scope_incomplete"),
        ({"scope_object_id": 7}, "scope_incomplete"),
        ({"scope_kind": "shelf", "scope_object_id": 8}, "scope"),
        ({"scope_kind": "cellar", "scope_object_id": 7}, "scope"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expired"),
    ],
)
def test_senseless_keys_are_refused(shelf, fields, code):
    with pytest.raises(DomainError) as refused:
        make_api_key(**fields)
    assert refused.value.code == code
    assert not ApiKey.objects.exists()


def test_key_is_limited_to_an_object(shelf):
    key, _token = make_api_key(scope_kind="shelf", scope_object_id=7)
    assert (key.scope_kind, key.scope_object_id) == ("shelf", 7)


def test_database_refuses_half_a_limit():
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(name="x", prefix="p", secret_hash="h", scope_kind="shelf")


def test_making_and_revoking_are_in_the_trail_without_the_secret():
    user = make_user()
    key, token = make_api_key(actor=Actor.for_user(user))
    revoke_api_key(key_id=key.pk, actor=Actor.for_user(user))
    rows = AuditEntry.objects.filter(subject_type="accounts.apikey").order_by("id")
    assert [(row.action, row.actor_id) for row in rows] == [
        ("accounts.api_key_created", user.pk),
        ("accounts.api_key_revoked", user.pk),
    ]
    assert all(token.rpartition("_")[2] not in f"{row.changes}{row.subject_label}" for row in rows)

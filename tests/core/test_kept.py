"""Querysets kept as SQL give what the querysets give."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.utils import timezone

from core.accounts.models import ApiKey, User
from core.accounts.sessions import SessionStore
from core.kept import KeptPair, KeptQuery
from orders.models import Channel
from tests.factories.orders import make_channel

pytestmark = pytest.mark.django_db

KEYS: KeptQuery[Any] = KeptQuery(
    lambda kind, scope: (
        ApiKey.objects.select_related("created_by")
        .annotate(doubled=F("scope_object_id") * 2)
        .filter(scope_kind=kind, scope_object_id=scope)
        .exclude(name__contains="50%")
        .order_by("-id")[:2]
    ),
    kind="text",
    scope="bigint",
)


@pytest.fixture
def keys() -> dict[str, ApiKey]:
    person = User.objects.create(username="ann")
    given = [
        ("a", "x'y", person),
        ("b", "x'y", None),
        ("50%", "x'y", None),
        ("c %(kind)s", "x'y", person),
        ("d", "z", None),
    ]
    return {
        name: ApiKey.objects.create(name=name, prefix=name[:1], scope_kind=kind, scope_object_id=7, created_by=who)
        for name, kind, who in given
    }  # fmt: skip


@pytest.fixture(params=[False, True], ids=["direct", "pooled"])
def _pooled(request: pytest.FixtureRequest) -> Iterator[None]:
    """Behind PgBouncer nothing can be prepared."""
    before = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = request.param
    yield
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = before


@pytest.mark.usefixtures("_pooled")
def test_rows_are_whole_objects_with_their_relations(keys, django_assert_num_queries):
    for _time in range(2):
        with django_assert_num_queries(1):
            newest, older = KEYS.fetch(kind="x'y", scope=7)
            assert (newest.name, older.name) == ("c %(kind)s", "b")
            assert newest.created_by.username == "ann"
            assert older.created_by is None
    assert newest.created_at == keys["c %(kind)s"].created_at
    assert newest.doubled == 14
    newest.revoked_at = timezone.now()
    newest.save()
    assert KEYS.fetch(kind="x'y", scope=7)[0].revoked_at == newest.revoked_at


@pytest.mark.usefixtures("_pooled", "keys")
@pytest.mark.parametrize("scope", [8, 2**63, -(2**70)])
def test_nothing_for_ids_that_are_not_there(scope):
    assert KEYS.fetch(kind="x'y", scope=scope) == []


@pytest.mark.usefixtures("_pooled", "keys")
@pytest.mark.parametrize("kind", ["' OR true --", "%(scope)s", "\x01"])
def test_values_stay_values(kind):
    assert KEYS.fetch(kind=kind, scope=7) == []


CHANNELS: KeptQuery[Any] = KeptQuery(
    lambda code: Channel.objects.defer("webhook_secret").filter(code=code), code="text"
)


def test_what_was_left_out_is_loaded_when_asked_and_fields_are_decoded() -> None:
    made = make_channel("shop", webhook_secret="hush", settings={"rules": {}})
    for _time in range(2):
        found = CHANNELS.fetch_one(code="shop")
        assert (found, found.name, found.settings) == (made, made.name, {"rules": {}})
        assert found.get_deferred_fields() == {"webhook_secret"}
        assert found.webhook_secret == "hush"
    assert CHANNELS.fetch_one(code="other") is None


def test_two_are_read_by_one_statement(keys: Any, django_assert_num_queries: Any) -> None:
    made = make_channel("shop", webhook_secret="hush", settings={"rules": {}})
    pair: KeptPair[Any, Any] = KeptPair(CHANNELS, KEYS)
    with django_assert_num_queries(1):
        channel, key = pair.fetch_one(code="shop", kind="x'y", scope=7)
    assert (channel, channel.settings, channel.webhook_secret) == (made, {"rules": {}}, "hush")
    assert key == KEYS.fetch(kind="x'y", scope=7)[0]
    assert pair.fetch_one(code="other", kind="x'y", scope=7) == (None, key)
    assert pair.fetch_one(code="shop", kind="none", scope=7) == (made, None)
    assert pair.fetch_one(code="other", kind="none", scope=7) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_learns_the_statement_anew(keys):
    before = KEYS.fetch(kind="x'y", scope=7)
    connection.close()
    assert KEYS.fetch(kind="x'y", scope=7) == before == [keys["c %(kind)s"], keys["b"]]


def test_a_session_is_read_until_it_expires():
    store = SessionStore()
    store["seen"] = "yes"
    store.create()
    assert SessionStore(store.session_key)["seen"] == "yes"
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    expired = SessionStore(store.session_key)
    assert "seen" not in expired
    assert expired.session_key is None


def test_an_unknown_session_key_is_not_kept():
    store = SessionStore("planted-by-somebody-else")
    assert store.load() == {}
    assert store.session_key is None

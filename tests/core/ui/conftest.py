"""Entries to list, and people who may see all, their own, or none of them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from core.accounts.enums import Role
from core.accounts.models import User
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.ui import lists
from tests.core.ui import pages as test_pages
from tests.factories.accounts import make_superuser, make_user

Sign = Callable[[User], Client]


@pytest.fixture
def pages(monkeypatch, settings):
    """The test's pages, registered and routed for this test only."""
    settings.ROOT_URLCONF = "tests.core.ui.pages"
    monkeypatch.setitem(lists._pages, test_pages.KEY, test_pages.EntryList)
    return test_pages


@pytest.fixture
def make_entries(db):
    def make(count: int, **fields) -> list[AuditEntry]:
        values = {"actor_label": SYSTEM.label, "actor_kind": "system", "subject_type": "test"} | fields
        return [
            AuditEntry.objects.create(action=f"test.{n % 2}", subject_label=f"Entry {n}", **values)
            for n in range(count)
        ]

    return make


@pytest.fixture
def boss(db) -> User:
    return make_superuser()


@pytest.fixture
def manager(db) -> User:
    """May see the list, but only rows whose subject he is."""
    return make_user(Role.OPERATIONS_MANAGER)


@pytest.fixture
def clerk(db) -> User:
    return make_user(Role.ORDER_CLERK)


@pytest.fixture
def clerk_who_sees(db) -> User:
    """May see the list and nothing else of it."""
    user = make_user(Role.ORDER_CLERK)
    user.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    return user


@pytest.fixture
def sign(client: Client) -> Sign:
    def enter(user: User) -> Client:
        client.force_login(user, backend="core.accounts.backends.RoleBackend")
        return client

    return enter

"""The permission matrix: who may what, written down once more as text, and loaded into the groups."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied

from core.accounts import roles
from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.permissions import require
from core.accounts.selectors import users_with_role
from core.accounts.services import set_roles
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from tests.factories.accounts import make_superuser, make_user

pytestmark = pytest.mark.django_db


def held_by(role: Role) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in rows}


def test_every_role_is_a_group():
    assert set(Group.objects.values_list("name", flat=True)) >= set(Role.values)


def test_migrate_has_loaded_the_matrix():
    for role in Role:
        declared = {
            f"{label}.{codename}"
            for label, table in roles.matrix().items()
            for codename, holders in table.items()
            if role in holders
        }
        assert declared - set(roles.unknown_codenames()) <= held_by(role), role


def test_administrator_holds_everything():
    everything = {
        f"{label}.{codename}"
        for label, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert held_by(Role.ADMINISTRATOR) == everything


def test_operations_manager_holds_every_business_right_but_no_rights_over_accounts():
    held = held_by(Role.OPERATIONS_MANAGER)
    for label in roles.matrix().keys() - {"accounts"}:
        codenames = set(Permission.objects.filter(content_type__app_label=label).values_list("codename", flat=True))
        assert {f"{label}.{codename}" for codename in codenames} <= held
    assert {name for name in held if name.startswith(("accounts.", "auth."))} == {
        "accounts.manage_api_keys",
        "accounts.use_admin_site",
        "accounts.view_personal_data",
    }


def test_repeating_the_sync_changes_nothing(django_assert_num_queries):
    links = Group.permissions.through.objects
    before = set(links.values_list("pk", flat=True))
    roles.sync_roles()
    assert set(links.values_list("pk", flat=True)) == before


def test_sync_takes_back_what_is_no_longer_granted_and_adds_what_is_missing():
    clerk = Group.objects.get(name=Role.ORDER_CLERK)
    stray = Permission.objects.get(content_type__app_label="accounts", codename="manage_api_keys")
    rightful = clerk.permissions.get(codename="view_personal_data")
    clerk.permissions.add(stray)
    clerk.permissions.remove(rightful)
    roles.sync_roles()
    assert not clerk.permissions.filter(pk=stray.pk).exists()
    assert clerk.permissions.filter(pk=rightful.pk).exists()


def test_sync_leaves_groups_alone_that_are_not_roles():
    own = Group.objects.create(name="Night shift")
    right = Permission.objects.get(content_type__app_label="accounts", codename="use_admin_site")
    own.permissions.add(right)
    roles.sync_roles()
    assert own.permissions.get() == right


def test_deleted_group_comes_back():
    Group.objects.filter(name=Role.BUYER).delete()
    roles.sync_after_migrate(apps.get_app_config("otp_static"))
    assert held_by(Role.BUYER) >= set()
    assert Group.objects.filter(name=Role.BUYER).exists()


def test_role_gives_rights_and_losing_it_takes_them():
    user = make_user(Role.ORDER_CLERK)
    assert user.has_perm("accounts.view_personal_data")
    set_roles(user=user, roles=[Role.ANALYST], actor=SYSTEM)
    assert not user.has_perm("accounts.view_personal_data")
    assert list(users_with_role(Role.ANALYST)) == [user]
    change = AuditEntry.objects.get(action="accounts.roles_set", changes__roles=[["order_clerk"], ["analyst"]])
    assert change.subject_id == user.pk


def test_own_groups_survive_a_change_of_roles():
    own = Group.objects.create(name="Night shift")
    user = make_user(Role.ORDER_CLERK)
    user.groups.add(own)
    set_roles(user=user, roles=[], actor=SYSTEM)
    assert list(user.groups.all()) == [own]


def test_right_given_to_a_person_counts_as_well():
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    assert User.objects.get(pk=user.pk).has_perm("accounts.manage_api_keys")


def test_all_rights_of_a_request_cost_one_statement(django_assert_num_queries):
    user = User.objects.get(pk=make_user(Role.OPERATIONS_MANAGER, Role.BUYER).pk)
    with django_assert_num_queries(1):
        assert user.has_perm("accounts.manage_api_keys")
        assert not user.has_perm("accounts.change_user")
        assert user.has_module_perms("accounts")
        assert user.has_perms(["accounts.use_admin_site"])
        assert len(user.get_all_permissions()) > 3


def test_inactive_people_hold_nothing():
    for user in (make_user(Role.ADMINISTRATOR), make_superuser()):
        user.is_active = False
        assert not user.has_perm("accounts.use_admin_site")


def test_require_refuses():
    require(make_user(Role.ORDER_CLERK), "accounts.view_personal_data")
    with pytest.raises(PermissionDenied):
        require(make_user(Role.ANALYST), "accounts.view_personal_data")


def test_misspelt_right_is_reported():
    roles.grant("accounts", {"fly": {Role.BUYER}})
    try:
        assert "accounts.fly" in roles.unknown_codenames()
        assert [warning.id for warning in roles.check_codenames(None)].count("accounts.W001") >= 1
    finally:
        del roles._matrix["accounts"]["fly"]

"""The permission matrix: which role holds which right. It lives in code and is written to the groups by migrate.

Every app's permissions.py declares its part:

    from core.accounts.roles import Role, grant

    grant("orders", {"release_order": {Role.ORDER_CLERK}, "change_channel": set()})

An app that grants anything is a business app: the operations manager holds all of its rights, named in the matrix
or not. The administrator holds every right there is.
"""

from collections.abc import Collection, Iterable, Mapping

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.core import checks
from django.db import transaction

from core.accounts.enums import Role

__all__ = ["Role", "grant", "granted", "matrix", "sync_roles", "unknown_codenames"]

_matrix: dict[str, dict[str, frozenset[Role]]] = {}

# Apps whose rights belong to the administrator alone.
_ADMINISTRATORS_ONLY = frozenset({"accounts"})


def grant(app_label: str, rights: Mapping[str, Collection[Role]]) -> None:
    """Declare which roles hold which rights (by codename) of an app. Declaring a codename again adds roles."""
    table = _matrix.setdefault(app_label, {})
    for codename, roles in rights.items():
        table[codename] = table.get(codename, frozenset()) | frozenset(roles)


def matrix() -> dict[str, dict[str, frozenset[Role]]]:
    """{app label: {codename: roles}} exactly as declared."""
    return {label: dict(table) for label, table in _matrix.items()}


def granted(app_label: str, codename: str) -> frozenset[Role]:
    """The roles that hold a right, managers included."""
    roles = _matrix.get(app_label, {}).get(codename, frozenset())
    if app_label in _matrix and app_label not in _ADMINISTRATORS_ONLY:
        roles |= {Role.OPERATIONS_MANAGER}
    return roles | {Role.ADMINISTRATOR}


def sync_roles(using: str = "default") -> None:
    """Make the groups' permissions equal to the matrix.

    Adds what is missing, removes what is no longer granted, leaves groups alone that aren't roles. Repeating it
    changes nothing.
    """
    links = Group.permissions.through.objects.using(using)
    groups = _role_groups(using)
    wanted = {(groups[role], permission) for role, permission in _wanted(using)}
    held = {
        (group, permission): pk
        for pk, group, permission in links.filter(group__in=groups.values()).values_list(
            "pk", "group_id", "permission_id"
        )
    }
    with transaction.atomic(using=using):
        links.filter(pk__in=[held[link] for link in held.keys() - wanted]).delete()
        links.bulk_create(
            [
                Group.permissions.through(group_id=group, permission_id=permission)
                for group, permission in sorted(wanted - held.keys())
            ],
            ignore_conflicts=True,
        )


def sync_after_migrate(sender: AppConfig, using: str = "default", **kwargs: object) -> None:
    """Write the matrix once, when the last app's permissions have been created."""
    with_models = [config for config in apps.get_app_configs() if config.models_module is not None]
    if sender == with_models[-1]:
        # This receiver runs before Django's own, which would create the last app's permissions too late.
        create_permissions(sender, verbosity=0, using=using)
        sync_roles(using)


def unknown_codenames() -> list[str]:
    """Granted rights that no model declares (a misspelling, or a permission that was removed)."""
    known = {f"{label}.{codename}" for label, codename in _declared()}
    return sorted(
        f"{label}.{codename}"
        for label, table in _matrix.items()
        for codename in table
        if f"{label}.{codename}" not in known
    )


def check_codenames(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """System check: the matrix names only rights that exist."""
    return [
        checks.Warning(f"The permission matrix grants {name}, which no model declares.", id="accounts.W001")
        for name in unknown_codenames()
    ]


def _wanted(using: str) -> set[tuple[Role, int]]:
    rights = Permission.objects.using(using).values_list("pk", "content_type__app_label", "codename")
    return {(role, pk) for pk, label, codename in rights for role in granted(label, codename)}


def _role_groups(using: str) -> dict[Role, int]:
    names = list(Role)
    existing = dict(Group.objects.using(using).filter(name__in=names).values_list("name", "pk"))
    missing = [Group(name=role.value) for role in names if role.value not in existing]
    if missing:
        Group.objects.using(using).bulk_create(missing, ignore_conflicts=True)
        existing = dict(Group.objects.using(using).filter(name__in=names).values_list("name", "pk"))
    return {role: existing[role.value] for role in names}


def _declared() -> Iterable[tuple[str, str]]:
    for model in apps.get_models():
        meta = model._meta
        for action in meta.default_permissions:
            yield meta.app_label, f"{action}_{meta.model_name}"
        for codename, _label in meta.permissions:
            yield meta.app_label, codename

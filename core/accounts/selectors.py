"""What a person may do and see, and whom an API key belongs to."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, Permission
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from core.accounts.enums import Role
from core.accounts.models import ApiKey, AuthenticatorApp, User
from core.accounts.scopes import scope_kind, scope_kinds
from core.kept import KeptPair, KeptQuery
from core.prepared import Prepared

# Everything that decides about a person, in one statement, because every request of every page needs it.
_ACCESS_SQL = """
SELECT
    ARRAY(
        SELECT c.app_label || '.' || p.codename
        FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id
        WHERE p.id IN (
            SELECT gp.permission_id
            FROM accounts_user_groups ug JOIN auth_group_permissions gp ON gp.group_id = ug.group_id
            WHERE ug.user_id = %(user)s
            UNION ALL
            SELECT up.permission_id FROM accounts_user_user_permissions up WHERE up.user_id = %(user)s
        )
    ),
    ARRAY(
        SELECT g.name::text FROM auth_group g JOIN accounts_user_groups ug ON ug.group_id = g.id
        WHERE ug.user_id = %(user)s
    ),
    ARRAY(SELECT s.kind || ':' || s.object_id FROM accounts_accessscope s WHERE s.user_id = %(user)s),
    EXISTS (
        SELECT FROM accounts_rolepolicy r
        WHERE r.require_totp AND (
            r.role IN (
                SELECT g.name FROM auth_group g JOIN accounts_user_groups ug ON ug.group_id = g.id
                WHERE ug.user_id = %(user)s
            )
            OR (r.role = 'administrator' AND %(superuser)s)
        )
    ),
    EXISTS (SELECT FROM accounts_authenticatorapp d WHERE d.user_id = %(user)s AND d.confirmed)
"""

_ACCESS = Prepared(_ACCESS_SQL, user="bigint", superuser="boolean")
M = TypeVar("M", bound=Model)
_KEY = KeptQuery(lambda prefix: ApiKey.objects.filter(prefix=prefix), prefix="text")
_TOKEN = re.compile(r"eck_([A-Za-z0-9]{12})_([A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Access:
    """A person's rights ("app.codename"), roles, limits by kind, and where two-factor sign-in stands."""

    permissions: frozenset[str]
    roles: frozenset[str]
    scopes: dict[str, frozenset[int]]
    totp_required: bool
    totp_set_up: bool


def access_of(user: User) -> Access:
    """The person's access, read once and kept on the object: a fresh request sees every change."""
    known = user.known_access
    if not isinstance(known, Access):
        known = user.known_access = _read_access(user)
    return known


def forget_access(user: User) -> None:
    """Drop what access_of keeps, after a service changed it."""
    user.known_access = None


def roles_of(user: User) -> frozenset[str]:
    """The values of the person's roles."""
    return access_of(user).roles & frozenset(Role.values)


def scope_ids(user: User | AnonymousUser, kind: str) -> frozenset[int] | None:
    """The ids of `kind` that the person is limited to; None where there is no limit."""
    if not isinstance(user, User):
        return frozenset()
    if user.is_superuser:
        return None
    return access_of(user).scopes.get(kind)


def choices_within(user: User | AnonymousUser, kind: str) -> list[tuple[int, str]]:
    """(id, name) of the objects of `kind` that the person may see; none where no app has registered the kind."""
    known = scope_kind(kind)
    allowed = scope_ids(user, kind)
    return [(pk, name) for pk, name in (known.choices() if known else ()) if allowed is None or pk in allowed]


def is_limited(user: User | AnonymousUser) -> bool:
    """Whether the person sees only some objects of a kind: what names none of that kind then isn't for them."""
    return not isinstance(user, User) or (not user.is_superuser and bool(access_of(user).scopes))


def may_see_personal_data(user: User | AnonymousUser) -> bool:
    """Whether pages show addresses, phones and names to this person unmasked."""
    return user.has_perm("accounts.view_personal_data")


def users_with_role(role: str) -> QuerySet[User]:
    """The active people in a role."""
    return User.objects.filter(is_active=True, groups__name=role)


def users_with_permission(permission: str) -> QuerySet[User]:
    """The active people who hold a right ("app.codename"), by their roles, of their own, or as superusers."""
    app_label, _dot, codename = permission.partition(".")
    right = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    holders = Q(is_superuser=True) | Q(user_permissions__in=right) | Q(groups__permissions__in=right)
    return User.objects.filter(holders, is_active=True).distinct()


def may_do_anything(user: User | AnonymousUser) -> bool:
    """Whether the person holds any right at all; without a role, nobody does."""
    return user.is_superuser or bool(user.get_all_permissions())


def role_givers(limit: int) -> list[User]:
    """Some of the people who give others their roles, the last who were here first."""
    givers = users_with_permission("accounts.change_user")
    return list(givers.order_by(F("last_login").desc(nulls_last=True), "pk")[:limit])


def authenticate_api_key(token: str) -> ApiKey | None:
    """The usable key that `token` ("eck_<prefix>_<secret>") belongs to, or None.

    The comparison takes the same time for a wrong secret as for an unknown prefix.
    """
    prefix, secret = _parts(token)
    return _proven(_KEY.fetch_one(prefix=prefix) if prefix else None, secret)


def authenticate_api_key_with(token: str, query: KeptQuery[M], **values: Any) -> tuple[ApiKey | None, M | None]:
    """authenticate_api_key() and what the request names, the first object of `query`, read by the same statement.

    Without a usable key, both are None.
    """
    prefix, secret = _parts(token)
    key, named = _with_key(query).fetch_one(prefix=prefix, **values) if prefix else (None, None)
    proven = _proven(key, secret)
    return (proven, named) if proven is not None else (None, None)


@cache
def _with_key(query: KeptQuery[M]) -> KeptPair[ApiKey, M]:
    return KeptPair(_KEY, query)


def _parts(token: str) -> tuple[str, str]:
    """(prefix, secret) of a token, empty where it is none."""
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else ("", "")


def _proven(key: ApiKey | None, secret: str) -> ApiKey | None:
    expected = key.secret_hash if key is not None else "0" * 64
    same = hmac.compare_digest(hash_secret(secret), expected)
    return key if key is not None and same and key.is_usable(timezone.now()) else None


def hash_secret(secret: str) -> str:
    """SHA-256 in hex. The secret has 238 random bits, so a slow hash would add nothing but delay."""
    return hashlib.sha256(secret.encode()).hexdigest()


def totp_device(user: User) -> AuthenticatorApp | None:
    """The authenticator app that the person has set up, if any."""
    app: AuthenticatorApp | None = AuthenticatorApp.objects.filter(user=user, confirmed=True).order_by("id").first()
    return app


def recovery_codes_left(user: User) -> int:
    """How many unused recovery codes the person has."""
    count: int = StaticToken.objects.filter(device__user=user, device__confirmed=True).count()
    return count


def api_keys(user: User | AnonymousUser) -> QuerySet[ApiKey]:
    """The keys that reach no further than the person, newest first, with who made them."""
    keys = ApiKey.objects.select_related("created_by")
    if not is_limited(user):
        return keys
    keys = keys.exclude(scope_kind="")
    for kind in scope_kinds():
        allowed = scope_ids(user, kind.code)
        if allowed is not None:
            keys = keys.filter(~Q(scope_kind=kind.code) | Q(scope_object_id__in=allowed))
    return keys


def user_with_access(user_id: int) -> User | None:
    """A person and their access in one statement, because every request of every page needs both."""
    row = _user_statement().fetch_one({"user": user_id})
    if row is None:
        return None
    names = _user_columns()
    user = User.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)])
    user.known_access = _access(row[len(names) :])
    return user


@cache
def _user_columns() -> list[str]:
    return [field.attname for field in User._meta.concrete_fields]


@cache
def _user_statement() -> Prepared:
    columns = ", ".join(f'"{field.column}"' for field in User._meta.concrete_fields)
    access = _ACCESS_SQL.replace("%(superuser)s", "is_superuser")
    sql = f"SELECT {columns}, access.* FROM accounts_user, LATERAL ({access}) access WHERE id = %(user)s"  # noqa: S608
    return Prepared(sql, user="bigint")


def _read_access(user: User) -> Access:
    row = _ACCESS.fetch_one({"user": user.pk, "superuser": user.is_superuser})
    if row is None:
        raise RuntimeError("A SELECT without FROM gives one row.")
    return _access(row)


def _access(row: Sequence[Any]) -> Access:
    permissions, roles, scopes, totp_required, totp_set_up = row
    by_kind: dict[str, set[int]] = {}
    for entry in scopes:
        kind, _, object_id = entry.rpartition(":")
        by_kind.setdefault(kind, set()).add(int(object_id))
    return Access(
        permissions=frozenset(permissions),
        roles=frozenset(roles),
        scopes={kind: frozenset(ids) for kind, ids in by_kind.items()},
        totp_required=totp_required,
        totp_set_up=totp_set_up,
    )

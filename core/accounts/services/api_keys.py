"""API keys: made once, shown once, revoked for ever."""

import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.models import ApiKey, User
from core.accounts.scopes import scope_kind as registered_kind
from core.accounts.selectors import hash_secret
from core.accounts.services.journal import tell_api_key_change
from core.actor import Actor
from core.exceptions import Conflict, DomainError

_ALPHABET = string.ascii_letters + string.digits
_PREFIX_LENGTH = 12
_SECRET_LENGTH = 40  # 40 × log2(62) = 238 bits

# A key used a thousand times a second still writes its row once a minute.
_USE_NOTED_EVERY = timedelta(minutes=1)


def create_api_key(
    *,
    name: str,
    actor: Actor,
    scope_kind: str = "",
    scope_object_id: int | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key. Returns it with its full text, which can never be read again.

    Raises DomainError for an unknown kind of limit, a missing object or an expiry in the past.
    """
    _check_new_key(name, scope_kind, scope_object_id, expires_at)
    prefix, secret = _random(_PREFIX_LENGTH), _random(_SECRET_LENGTH)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name.strip(),
            prefix=prefix,
            secret_hash=hash_secret(secret),
            scope_kind=scope_kind,
            scope_object_id=scope_object_id,
            expires_at=expires_at,
            created_by=User.objects.filter(pk=actor.user_id).first() if actor.user_id else None,
        )
        tell_api_key_change("api_key_created", key, actor, {"limited_to": ["", _limit(key)]} if scope_kind else {})
    return key, f"eck_{prefix}_{secret}"


def revoke_api_key(*, key_id: int, actor: Actor) -> ApiKey:
    """End a key at once. Raises Conflict where that has been done before."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().get(pk=key_id)
        if key.revoked_at is not None:
            raise Conflict(_("This key has been revoked already."), "already_revoked")
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        tell_api_key_change("api_key_revoked", key, actor)
    return key


def note_api_key_use(key: ApiKey, *, at: datetime | None = None) -> None:
    """Remember when the key was last used, to the minute."""
    now = at or timezone.now()
    before = now - _USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > before:
        return
    ApiKey.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lte=before), pk=key.pk).update(
        last_used_at=now
    )
    key.last_used_at = now


def _check_new_key(name: str, scope_kind: str, scope_object_id: int | None, expires_at: datetime | None) -> None:
    if not name.strip():
        raise DomainError(_("Give the key a name."), "required", "name")
    if expires_at is not None and expires_at <= timezone.now():
        raise DomainError(_("The expiry lies in the past."), "expired", "expires_at")
    if bool(scope_kind) != (scope_object_id is not None):
        raise DomainError(_("A limit needs a kind and an object."), "scope_incomplete", "scope_kind")
    if scope_kind:
        kind = registered_kind(scope_kind)
        if kind is None or scope_object_id not in {object_id for object_id, _name in kind.choices()}:
            raise DomainError(_("There is nothing of this kind to limit the key to."), "scope", "scope_kind")


def _limit(key: ApiKey) -> str:
    return f"{key.scope_kind} {key.scope_object_id}" if key.scope_kind else ""


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _position in range(length))

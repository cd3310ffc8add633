"""Tells listeners what a service has changed."""

from typing import Any

from core.accounts.events import account_changed
from core.accounts.models import ApiKey, RolePolicy, User
from core.actor import Actor

Changes = dict[str, list[Any]]


def tell_user_change(action: str, user: User, actor: Actor, changes: Changes | None = None) -> None:
    """`action` without its prefix, such as "roles_set"."""
    account_changed.send(
        sender=User,
        action=f"accounts.{action}",
        actor=actor,
        subject_type="accounts.user",
        subject_id=user.pk,
        subject_label=user.label,
        changes=changes or {},
    )


def tell_api_key_change(action: str, key: ApiKey, actor: Actor, changes: Changes | None = None) -> None:
    account_changed.send(
        sender=ApiKey,
        action=f"accounts.{action}",
        actor=actor,
        subject_type="accounts.apikey",
        subject_id=key.pk,
        subject_label=str(key),
        changes=changes or {},
    )


def tell_policy_change(policy: RolePolicy, actor: Actor) -> None:
    account_changed.send(
        sender=RolePolicy,
        action="accounts.role_policy_set",
        actor=actor,
        subject_type="accounts.rolepolicy",
        subject_id=policy.pk,
        subject_label=str(policy),
        changes={"require_totp": [None, policy.require_totp]},
    )

"""Writes down what happens to accounts and sessions."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from core.accounts.events import account_changed
from core.accounts.models import User
from core.actor import Actor
from core.audit.services import record


@receiver(account_changed, dispatch_uid="core.audit.account_changed")
def record_account_change(
    sender: Any,
    *,
    action: str,
    actor: Actor,
    subject_type: str,
    subject_id: int,
    subject_label: str = "",
    changes: dict[str, list[Any]] | None = None,
    reason: str = "",
    **kwargs: Any,
) -> None:
    record(
        action=action,
        actor=actor,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_label=subject_label,
        changes=changes,
        reason=reason,
    )


@receiver(user_logged_in, dispatch_uid="core.audit.signed_in")
def record_sign_in(sender: Any, user: User, **kwargs: Any) -> None:
    _record_session("accounts.signed_in", user)


@receiver(user_logged_out, dispatch_uid="core.audit.signed_out")
def record_sign_out(sender: Any, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _record_session("accounts.signed_out", user)


def _record_session(action: str, user: User) -> None:
    record(
        action=action,
        actor=Actor.for_user(user),
        subject_type="accounts.user",
        subject_id=user.pk,
        subject_label=user.label,
    )

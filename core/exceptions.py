"""Errors that services raise towards people: each carries a translatable message and a stable code."""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Message = str | Promise


class DomainError(Exception):
    """A rule of the business refused the request; nothing was changed.

    `message` is shown to the person, `code` is for programs and tests, `field` names the input at fault. `others` are
    further reasons against the same request, each at a field of its own.
    """

    default_code = "invalid"
    default_message: Message = _("This isn't possible.")

    def __init__(
        self,
        message: Message | None = None,
        code: str | None = None,
        field: str | None = None,
        others: Sequence["DomainError"] = (),
        **details: Any,
    ) -> None:
        self.message: Message = self.default_message if message is None else message
        self.code = code or self.default_code
        self.field = field
        self.others = others
        self.details = details
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class IllegalTransition(DomainError):
    """The state machine has no such move."""

    default_code = "illegal_transition"
    default_message = _("This step isn't possible in the present state.")


class PermissionRequired(DomainError):
    """The actor lacks the right for this move."""

    default_code = "permission_required"
    default_message = _("You don't have the right to do this.")


class NotFound(DomainError):
    """The thing doesn't exist, or lies outside the actor's scope (the two aren't told apart)."""

    default_code = "not_found"
    default_message = _("This doesn't exist, or you can't see it.")


class Conflict(DomainError):
    """Somebody else changed the thing in the meantime."""

    default_code = "conflict"
    default_message = _("Somebody else changed this in the meantime. Look at it again.")

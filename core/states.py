"""Statuses that own their look, and transitions kept as data."""

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.exceptions import IllegalTransition, PermissionRequired

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

COLOURS = frozenset({"neutral", "info", "progress", "success", "warning", "danger"})


class StatusEnum(models.TextChoices):
    """Base of a status: `NAME = value, label, colour, icon`.

    class OrderStatus(StatusEnum):
        APPROVED = "approved", _("Approved"), "progress", "circle-check"

    `colour` is one of COLOURS, `icon` the name of a Tabler icon. Groups are frozensets set on the class
    after its definition: `OrderStatus.OPEN`, `OrderStatus.TERMINAL`.
    """

    if TYPE_CHECKING:
        text: str | _StrPromise
        colour: str
        OPEN: ClassVar[frozenset[Any]]
        TERMINAL: ClassVar[frozenset[Any]]

    def __new__(cls, value: str, label: Any = "", colour: str = "neutral") -> Self:
        if colour not in COLOURS:
            raise ValueError(f"{cls.__name__}.{value}: unknown colour {colour!r}")
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = label
        member.colour = colour
        return member

    @enum.property
    def label(self) -> Any:
        return self.text

    @enum.property
    def icon(self) -> str:
        # Django's metaclass takes the last item of the tuple for the label; here that is the icon.
        return str(self._label_)


S = TypeVar("S", bound=models.TextChoices)


class Transitions(Generic[S]):
    """Allowed moves: {from: {to: permission codename or None}}."""

    def __init__(self, table: Mapping[S, Mapping[S, str | None]]) -> None:
        self.table = table

    def targets(self, from_: S) -> list[S]:
        return list(self.table.get(from_, {}))

    def sources(self, to: S) -> list[S]:
        return [from_ for from_, targets in self.table.items() if to in targets]

    def allows(self, from_: S, to: S) -> bool:
        return to in self.table.get(from_, {})

    def check(self, from_: S | str, to: S | str, user: Any = None) -> None:
        """Raise IllegalTransition for a move that the table lacks, PermissionRequired where `user`
        is given and lacks the move's permission."""
        targets: Mapping[Any, str | None] = self.table.get(from_, {})  # type: ignore[arg-type]
        if to not in targets:
            raise IllegalTransition(
                _("This can't go from %(from)s to %(to)s.")
                % {"from": getattr(from_, "label", from_), "to": getattr(to, "label", to)}
            )
        permission = targets[to]
        if user is not None and permission is not None and not user.has_perm(permission):
            raise PermissionRequired(permission=permission)

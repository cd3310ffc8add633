from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.outbox.events import Event


@dataclass(frozen=True)
class CasesOpened(Event):
    name: ClassVar[str] = "cases.opened"
    label: ClassVar[str | Promise] = _("Exceptions opened")
    case_ids: list[int]


@dataclass(frozen=True)
class CasesReopened(Event):
    name: ClassVar[str] = "cases.reopened"
    label: ClassVar[str | Promise] = _("Exceptions reopened")
    case_ids: list[int]


@dataclass(frozen=True)
class CaseAssigned(Event):
    name: ClassVar[str] = "cases.assigned"
    label: ClassVar[str | Promise] = _("Exception assigned")
    case_id: int
    assigned_to: int
    by: int | None


@dataclass(frozen=True)
class CasesWarned(Event):
    """`case_ids` have used up three quarters of their time."""

    name: ClassVar[str] = "cases.warned"
    label: ClassVar[str | Promise] = _("Exceptions close to their deadline")
    case_ids: list[int]


@dataclass(frozen=True)
class CasesEscalated(Event):
    name: ClassVar[str] = "cases.escalated"
    label: ClassVar[str | Promise] = _("Exceptions escalated")
    case_ids: list[int]


@dataclass(frozen=True)
class CasesVerified(Event):
    name: ClassVar[str] = "cases.verified"
    label: ClassVar[str | Promise] = _("Exceptions verified")
    case_ids: list[int]

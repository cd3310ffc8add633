from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import Event


@dataclass(frozen=True)
class CasesOpened(Event):
    name: ClassVar[str] = "cases.opened"
    case_ids: list[int]


@dataclass(frozen=True)
class CasesReopened(Event):
    name: ClassVar[str] = "cases.reopened"
    case_ids: list[int]


@dataclass(frozen=True)
class CaseAssigned(Event):
    name: ClassVar[str] = "cases.assigned"
    case_id: int
    assigned_to: int
    by: int | None


@dataclass(frozen=True)
class CasesWarned(Event):
    """`case_ids` have used up three quarters of their time."""

    name: ClassVar[str] = "cases.warned"
    case_ids: list[int]


@dataclass(frozen=True)
class CasesEscalated(Event):
    name: ClassVar[str] = "cases.escalated"
    case_ids: list[int]


@dataclass(frozen=True)
class CasesVerified(Event):
    name: ClassVar[str] = "cases.verified"
    case_ids: list[int]

"""Writing of CaseEvent rows, and of the audit trail for what people do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.actor import Actor
from core.audit.services import AuditRow, record_many
from core.cases.enums import CaseEventKind
from core.cases.models import Case, CaseEvent
from core.db import insert_rows

_COLUMNS = [
    "case_id",
    "at",
    "kind",
    "actor_id",
    "actor_label",
    "actor_kind",
    "from_status",
    "to_status",
    "note",
    "data",
]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event to be written; `to_status` empty where the status stays."""

    case_id: int
    kind: CaseEventKind
    from_status: str = ""
    to_status: str = ""
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def write_history(happenings: Iterable[Happening], actor: Actor, at: datetime) -> None:
    """Add all events with one statement."""
    rows = [
        (
            h.case_id,
            at,
            h.kind,
            actor.user_id,
            actor.label,
            actor.kind,
            h.from_status,
            h.to_status,
            h.note,
            dict(h.data),
        )
        for h in happenings
    ]
    insert_rows(CaseEvent, _COLUMNS, rows)


def write_audit(case: Case, kind: CaseEventKind, actor: Actor, from_status: str, reason: str = "") -> None:
    """Note in the audit trail what a person or a program did to a case."""
    changes = {"status": [from_status, case.status]} if from_status != case.status else None
    record_many(
        [
            AuditRow(
                action=f"cases.{kind.value}",
                actor=actor,
                subject_type="cases.case",
                subject_id=case.pk,
                subject_label=str(case),
                changes=changes,
                reason=reason,
            )
        ]
    )

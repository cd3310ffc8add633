"""Writing the audit trail. Called inside the transaction of the change, so both stand or fall together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from core.actor import Actor
from core.audit.models import AuditEntry
from core.context import current_request_id
from core.db import insert_rows
from core.redaction import redact

Changes = Mapping[str, Sequence[Any]]

_COLUMNS = (
    "at",
    "actor_id",
    "actor_label",
    "actor_kind",
    "action",
    "subject_type",
    "subject_id",
    "subject_label",
    "changes",
    "reason",
    "request_id",
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry for record_many. `changes` is {field: [old, new]}; `request_id` the running request's if not given."""

    action: str
    actor: Actor
    subject_type: str
    subject_id: int | None
    subject_label: str = ""
    changes: Changes | None = None
    reason: str = ""
    request_id: str = ""


def record(
    *,
    action: str,
    actor: Actor,
    subject_type: str,
    subject_id: int | None,
    subject_label: str = "",
    changes: Changes | None = None,
    reason: str = "",
) -> None:
    """Add one entry: `action` such as "orders.hold_released", `subject_type` such as "orders.order"."""
    record_many([AuditRow(action, actor, subject_type, subject_id, subject_label, changes, reason)])


def record_many(rows: Sequence[AuditRow]) -> None:
    """Add all entries with one statement.

    Values of fields that hold personal data are kept masked and secrets not at all, because the trail can't be
    erased when a customer asks to be forgotten.
    """
    at = timezone.now()
    request_id = current_request_id()
    insert_rows(AuditEntry, _COLUMNS, [_values(row, at, request_id) for row in rows])


def _values(row: AuditRow, at: Any, request_id: str) -> tuple[Any, ...]:
    return (
        at,
        row.actor.user_id,
        row.actor.label[:200],
        row.actor.kind,
        row.action,
        row.subject_type,
        row.subject_id,
        row.subject_label[:200],
        redact(dict(row.changes or {})),
        row.reason,
        row.request_id or request_id,
    )

"""Reading the audit trail."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet

from core.accounts.selectors import is_limited
from core.audit.models import AuditEntry


def entries_for(user: Any) -> QuerySet[AuditEntry]:
    """The trail as a person may read it through: who is limited to some channels or warehouses, their own deeds.

    An entry knows no channel and no warehouse; on the page of a thing that they may see, its entries are shown.
    """
    return AuditEntry.objects.filter(actor_id=user.pk) if is_limited(user) else AuditEntry.objects.all()


def actions_seen() -> list[str]:
    """Every action that occurs in the trail, in order."""
    return _distinct("action")


def subject_types_seen() -> list[str]:
    """Every subject type that occurs in the trail, in order."""
    return _distinct("subject_type")


def _distinct(column: str) -> list[str]:
    """Distinct values by jumping from one to the next in the index: one look-up per value, however long the table."""
    sql = f"""
        WITH RECURSIVE seen(value) AS (
            (SELECT {column} FROM audit_auditentry ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT (SELECT {column} FROM audit_auditentry WHERE {column} > seen.value ORDER BY {column} LIMIT 1)
            FROM seen WHERE seen.value IS NOT NULL
        )
        SELECT value FROM seen WHERE value IS NOT NULL
    """  # noqa: S608  # the column is one of the two above
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]

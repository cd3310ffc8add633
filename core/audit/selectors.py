"""Reading the audit trail."""

from django.db.models import QuerySet

from core.audit.models import AuditEntry


def for_subject(subject_type: str, subject_id: int) -> QuerySet[AuditEntry]:
    """Everything that was done to one thing, newest first."""
    return AuditEntry.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("-id")

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import StatusEnum, Transitions


class CaseStatus(StatusEnum):
    UNASSIGNED = "open", _("Open"), "warning", "circle-dashed"
    ASSIGNED = "assigned", _("Assigned"), "info", "user-check"
    IN_PROGRESS = "in_progress", _("In progress"), "progress", "progress"
    WAITING = "waiting", _("Waiting"), "neutral", "player-pause"
    REOPENED = "reopened", _("Reopened"), "danger", "rotate-clockwise"
    RESOLVED = "resolved", _("Resolved, to be verified"), "info", "circle-check"
    VERIFIED = "verified", _("Verified"), "success", "rosette-discount-check"
    CLOSED = "closed", _("Closed"), "neutral", "archive"


# Somebody has to do something; the clock runs except in waiting.
CaseStatus.OPEN = frozenset(
    {
        CaseStatus.UNASSIGNED,
        CaseStatus.ASSIGNED,
        CaseStatus.IN_PROGRESS,
        CaseStatus.WAITING,
        CaseStatus.REOPENED,
    }
)
CaseStatus.TERMINAL = frozenset({CaseStatus.VERIFIED, CaseStatus.CLOSED})

_WORK = "cases.work_case"
_TO_WORK = {
    CaseStatus.ASSIGNED: _WORK,
    CaseStatus.IN_PROGRESS: _WORK,
    CaseStatus.WAITING: _WORK,
    CaseStatus.RESOLVED: _WORK,
}
CASE_TRANSITIONS = Transitions(
    {
        CaseStatus.UNASSIGNED: _TO_WORK,
        CaseStatus.ASSIGNED: _TO_WORK | {CaseStatus.UNASSIGNED: _WORK},
        CaseStatus.IN_PROGRESS: _TO_WORK | {CaseStatus.UNASSIGNED: _WORK},
        CaseStatus.WAITING: _TO_WORK | {CaseStatus.UNASSIGNED: _WORK},
        CaseStatus.REOPENED: _TO_WORK,
        CaseStatus.RESOLVED: {CaseStatus.VERIFIED: None, CaseStatus.REOPENED: _WORK},
        CaseStatus.VERIFIED: {CaseStatus.CLOSED: None, CaseStatus.REOPENED: None},
    }
)


class Severity(StatusEnum):
    INFO = "info", _("Low"), "info", "info-circle"
    WARNING = "warning", _("Medium"), "warning", "alert-triangle"
    DANGER = "danger", _("High"), "danger", "alert-octagon"


class CaseEventKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    ASSIGNED = "assigned", _("Assigned")
    UNASSIGNED = "unassigned", _("Given back")
    STARTED = "started", _("Work started")
    WAITING = "waiting", _("Waiting")
    RESUMED = "resumed", _("Resumed")
    COMMENTED = "commented", _("Comment")
    CHANGED = "changed", _("Facts changed")
    TRIED = "tried", _("Tried")
    RESOLVED = "resolved", _("Resolved")
    CLEARED = "cleared", _("Cause went away")
    VERIFIED = "verified", _("Verified")
    REOPENED = "reopened", _("Reopened")
    CLOSED = "closed", _("Closed")
    WARNED = "warned", _("Warned")
    ESCALATED = "escalated", _("Escalated")

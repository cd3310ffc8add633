from django.utils.translation import gettext_lazy as _

from core.states import StatusEnum, Transitions


class JobStatus(StatusEnum):
    QUEUED = "queued", _("Waiting to start"), "neutral", "clock"
    RUNNING = "running", _("Running"), "progress", "loader-2"
    DONE = "done", _("Done"), "success", "circle-check"
    FAILED = "failed", _("Failed"), "danger", "alert-circle"
    CANCELLED = "cancelled", _("Cancelled"), "neutral", "ban"


JobStatus.OPEN = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
JobStatus.TERMINAL = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})

JOB_TRANSITIONS = Transitions(
    {
        JobStatus.QUEUED: {JobStatus.RUNNING: None, JobStatus.CANCELLED: None, JobStatus.FAILED: None},
        JobStatus.RUNNING: {
            JobStatus.DONE: None,
            JobStatus.FAILED: None,
            JobStatus.CANCELLED: None,
            JobStatus.QUEUED: None,
        },
    }
)


class RowOutcome(StatusEnum):
    OK = "ok", _("Done"), "success", "check"
    WARNING = "warning", _("Done with a warning"), "warning", "alert-triangle"
    ERROR = "error", _("Failed"), "danger", "x"
    SKIPPED = "skipped", _("Skipped"), "neutral", "arrow-forward"

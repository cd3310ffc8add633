from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError


class JobCancelled(Exception):
    """Somebody asked to cancel the running job; leaves the job function by itself."""


class JobLost(Exception):
    """Another worker has taken over this job, because this one gave no sign of life."""


class JobFinished(DomainError):
    default_code = "job_finished"
    default_message = _("The job is finished already.")


class BeingRetried(DomainError):
    default_code = "being_retried"
    default_message = _("It is being tried again already.")


class FileGone(DomainError):
    default_code = "file_gone"
    default_message = _("The file was deleted after 30 days. Upload it again.")


class NothingToRetry(DomainError):
    default_code = "nothing_to_retry"
    default_message = _("No row of this job failed.")

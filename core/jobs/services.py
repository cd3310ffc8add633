from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from core.actor import Actor
from core.jobs import files
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.exceptions import BeingRetried, FileGone, JobFinished, NothingToRetry
from core.jobs.models import Job
from core.jobs.registry import kind as job_kind_of
from core.jobs.running import DISPATCH
from core.stages import nudge
from core.words import said_of


def start_job(
    *,
    kind: str,
    params: dict[str, Any],
    actor: Actor,
    input_file: "UploadedFile[Any] | IO[bytes] | Path | None" = None,
    input_name: str = "",
    title: str = "",
    total: int | None = None,
) -> Job:
    """Queue a job; it starts after the current transaction commits.

    `input_file` is copied; `input_name` is what people call it, its own name if empty. Raises KeyError for an
    unknown kind, FileTooLarge. The caller has checked the right to start it. Run it in the same process with
    `running.run_job(job.pk)`.
    """
    label = job_kind_of(kind).label
    stored, original = files.keep_input(input_file) if input_file is not None else ("", "")
    original = input_name[:255] or original
    job = Job.objects.create(
        kind=kind,
        title=title or (said_of(label, original) if original else str(label)),
        params=params,
        created_by_id=actor.user_id,
        actor_label=actor.label,
        actor_kind=actor.kind,
        input_file=stored,
        input_name=original,
        total=total,
        created_at=timezone.now(),
    )
    nudge(DISPATCH)
    return job


@transaction.atomic
def cancel_job(*, job_id: int) -> Job:
    """Cancel a queued job at once, a running one at its next report. Raises JobFinished."""
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.status == JobStatus.QUEUED:
        job.status = JobStatus.CANCELLED
        job.finished_at = timezone.now()
    elif job.status != JobStatus.RUNNING:
        raise JobFinished
    job.cancel_requested = True
    job.save(update_fields=["status", "finished_at", "cancel_requested"])
    return job


@transaction.atomic
def retry_failed(*, job_id: int, actor: Actor) -> Job:
    """Start a new job with the same work for the rows that failed, or for all of it if the job broke off.

    The kind's function finds the row numbers to repeat in `params["only_rows"]` (None for all).
    Raises NothingToRetry, BeingRetried, FileGone.
    """
    old = Job.objects.select_for_update().get(pk=job_id)
    if old.is_open:
        raise NothingToRetry
    if old.retries.filter(status__in=JobStatus.OPEN).exists():
        raise BeingRetried
    if old.input_name and not old.input_file:
        raise FileGone
    failed_rows = list(old.rows.filter(outcome=RowOutcome.ERROR).values_list("row_number", flat=True))
    broken_off = old.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    if not failed_rows and not broken_off:
        raise NothingToRetry
    source = files.path_of(old.input_file) if old.input_file else None
    job = start_job(
        kind=old.kind,
        params={**old.params, "only_rows": None if broken_off else failed_rows},
        actor=actor,
        input_file=source,
        title=old.title,
    )
    job.retry_of = old
    job.input_name = old.input_name
    job.save(update_fields=["retry_of", "input_name"])
    return job

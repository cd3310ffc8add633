"""Running jobs, and picking them up again when their worker died."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.accounts.models import User
from core.db import claim
from core.exceptions import DomainError
from core.jobs import files
from core.jobs.context import JobContext
from core.jobs.enums import JobStatus
from core.jobs.exceptions import JobCancelled, JobLost
from core.jobs.models import Job
from core.jobs.registry import kind as job_kind_of
from core.nudging import breaker
from core.stages import StageDue, capped_due, nudge, tidying_due

logger = logging.getLogger(__name__)

DISPATCH = "jobs.dispatch"

HEARTBEAT_SECONDS = 10
LOST_AFTER = timedelta(seconds=60)
DISPATCH_AGAIN_AFTER = timedelta(minutes=1)
MAX_ATTEMPTS = 3
KEEP_FILES = timedelta(days=30)
KEEP_JOBS = timedelta(days=90)
KEEP_STRAYS = timedelta(days=1)


def run_job(job_id: int) -> Job | None:
    """Run a queued job to its end in this process; None if somebody else has it or it isn't queued."""
    job = _take(job_id)
    if job is None:
        return None
    context = JobContext(job)
    with _as_seen_by(job.created_by), _heartbeat(job):
        try:
            job_kind_of(job.kind).run(context)
            context.flush()
        except JobLost:
            logger.warning("Job %s was taken over by another worker", job.pk)
        except JobCancelled:
            _finish(job, JobStatus.CANCELLED)
        except DomainError as error:
            _finish(job, JobStatus.FAILED, str(error))
        except Exception:
            logger.exception("Job %s (%s) failed", job.pk, job.kind)
            _finish(job, JobStatus.FAILED, _("An internal error stopped the job. What was done so far is kept."))
        else:
            _finish(job, JobStatus.DONE)
    nudge(DISPATCH)  # its place is free for the next
    return job


def dispatch(batch_size: int) -> int:
    """Send queued jobs to Celery, no more than may run at once: the others' turn comes when one of them ends.

    A worker's processes are few, and one that is in an import validates no orders. So the limit is kept here, by the
    database, for all workers together.
    """
    with transaction.atomic():
        if not _alone():
            return 0
        jobs = claim(_undispatched(), min(batch_size, _free_places()))
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(dispatched_at=timezone.now())
    for job in jobs:
        with breaker.guard("start of job %s", job.pk):
            current_app.send_task("core.jobs.tasks.run_job", args=[job.pk], retry=False, ignore_result=True)
    return len(jobs)


def run_inline(batch_size: int) -> int:
    """Run queued jobs here and now."""
    queued = Job.objects.filter(status=JobStatus.QUEUED).order_by("pk").values_list("pk", flat=True)
    return sum(run_job(job_id) is not None for job_id in list(queued[:batch_size]))


def due() -> StageDue:
    """Jobs that wait for their turn aren't due."""
    if not _free_places():
        return StageDue(False, 0, None)
    return capped_due(list(_undispatched().values_list("created_at", flat=True)[:1000]), 1000)


def revive(batch_size: int) -> int:
    """Queue again the running jobs whose worker died; give up on those that died too often."""
    with transaction.atomic():
        jobs = claim(_lost(), batch_size)
        for job in jobs:
            job.dispatched_at = None
            if job.cancel_requested:
                job.status = JobStatus.CANCELLED
                job.finished_at = timezone.now()
            elif job.attempts < MAX_ATTEMPTS:
                job.status = JobStatus.QUEUED
            else:
                job.status = JobStatus.FAILED
                job.finished_at = timezone.now()
                with _as_seen_by(job.created_by):
                    job.message = _("The worker stopped %(count)d times while doing this.") % {"count": job.attempts}
        Job.objects.bulk_update(jobs, ["status", "dispatched_at", "finished_at", "message"])
    return len(jobs)


def due_for_revival() -> StageDue:
    return capped_due(list(_lost().values_list("heartbeat_at", flat=True)[:1000]), 1000)


def purge(batch_size: int) -> int:
    """Delete files of jobs that finished long ago, later the jobs themselves, and files that no job knows."""
    now = timezone.now()
    with transaction.atomic():
        with_files = Job.objects.filter(finished_at__lt=now - KEEP_FILES).exclude(input_file="", output_file="")
        stale = claim(with_files.order_by("finished_at"), batch_size)
        for job in stale:
            files.delete(job.input_file)
            files.delete(job.output_file)
        Job.objects.filter(pk__in=[job.pk for job in stale]).update(input_file="", output_file="")
        old = claim(Job.objects.filter(finished_at__lt=now - KEEP_JOBS).order_by("finished_at"), 50)
        Job.objects.filter(pk__in=[job.pk for job in old]).delete()
    return len(stale) + len(old) + _drop_strays(now)


def _drop_strays(now: datetime) -> int:
    """Delete the files whose job was never committed: a copy doesn't go away with its transaction."""
    names = files.own_names_untouched_since(now - KEEP_STRAYS)  # before the jobs are read: theirs are known
    with_files = Job.objects.exclude(input_file="", output_file="") if names else Job.objects.none()
    known = {name for pair in with_files.values_list("input_file", "output_file") for name in pair}
    strays = [name for name in names if name not in known]
    for name in strays:
        files.delete(name)
    if strays:
        logger.info("%d files that no job knows were deleted", len(strays))
    return len(strays)


def due_for_purge() -> StageDue:
    old = Job.objects.filter(finished_at__lt=timezone.now() - KEEP_FILES).exclude(input_file="", output_file="")
    return tidying_due(old.order_by("finished_at"))


def _undispatched() -> QuerySet[Job]:
    waited = Q(dispatched_at=None) | Q(dispatched_at__lt=timezone.now() - DISPATCH_AGAIN_AFTER)
    return Job.objects.filter(waited, status=JobStatus.QUEUED).order_by("pk")


def _free_places() -> int:
    """How many more jobs may be sent to workers: those that run, or were sent just now, take a place each."""
    alive = Q(status=JobStatus.RUNNING, heartbeat_at__gte=timezone.now() - LOST_AFTER)
    sent = Q(status=JobStatus.QUEUED, dispatched_at__gte=timezone.now() - DISPATCH_AGAIN_AFTER)
    return max(settings.JOBS_AT_ONCE - Job.objects.filter(alive | sent).count(), 0)


def _alone() -> bool:
    """Whether nobody else sends jobs at this moment: two who count the places at once would fill them twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('jobs.dispatch'))")
        return bool(cursor.fetchone()[0])


def _lost() -> QuerySet[Job]:
    limit = timezone.now() - LOST_AFTER
    return Job.objects.filter(status=JobStatus.RUNNING, heartbeat_at__lt=limit).order_by("heartbeat_at")


def _take(job_id: int) -> Job | None:
    now = timezone.now()
    taken = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED).update(
        status=JobStatus.RUNNING, attempts=F("attempts") + 1, heartbeat_at=now, started_at=now, message=""
    )
    return Job.objects.select_related("created_by").get(pk=job_id) if taken else None


def _finish(job: Job, status: JobStatus, message: str = "") -> None:
    """Close the job unless another worker runs it by now."""
    job.status = status
    job.finished_at = timezone.now()
    job.message = message or job.message
    mine = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, attempts=job.attempts)
    mine.update(status=status, finished_at=job.finished_at, message=job.message, heartbeat_at=job.finished_at)


@contextmanager
def _as_seen_by(user: User | None) -> Iterator[None]:
    """Texts and times of the job in its person's language and time zone."""
    language = (user.language if user else "") or settings.LANGUAGE_CODE
    zone = user.zone if user else ZoneInfo(settings.DISPLAY_TIME_ZONE)
    with translation.override(language), timezone.override(zone):
        yield


@contextmanager
def _heartbeat(job: Job) -> Iterator[None]:
    """Beat from a thread, so that a job may be silent for minutes (reading a file) without being lost."""
    if connection.in_atomic_block:  # another connection wouldn't see the job yet
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_beat_until, args=(stop, job.pk, job.attempts), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat_until(stop: threading.Event, job_id: int, attempt: int) -> None:
    mine = Job.objects.filter(pk=job_id, status=JobStatus.RUNNING, attempts=attempt)
    try:
        while not stop.wait(HEARTBEAT_SECONDS):
            mine.update(heartbeat_at=timezone.now())
    except Exception:
        logger.exception("Heartbeat of job %s stopped", job_id)
    finally:
        connection.close()

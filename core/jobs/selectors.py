from typing import Any

from django.db.models import QuerySet

from core.accounts.selectors import is_limited
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.models import Job, JobRow
from core.jobs.permissions import VIEW_ALL

ROWS_PER_PAGE = 100


def jobs_for(user: Any) -> QuerySet[Job]:
    """The jobs that a person may see: their own, or everybody's.

    A job knows no channel and no warehouse, so who is limited to some sees their own: files hold other rows too.
    """
    jobs = Job.objects.select_related("created_by")
    return jobs if user.has_perm(VIEW_ALL) and not is_limited(user) else jobs.filter(created_by_id=user.pk)


def latest_jobs(user: Any, limit: int) -> list[Job]:
    """A person's own newest jobs, for the panel of the top bar."""
    return list(Job.objects.filter(created_by_id=user.pk).order_by("-id")[:limit])


def open_count(user: Any) -> int:
    """How many of a person's own jobs wait or run."""
    own = Job.objects.filter(created_by_id=user.pk, status__in=sorted(JobStatus.OPEN))
    return own.values("pk")[:100].count()


def rows_page(job: Job, outcome: str, after: int) -> tuple[list[JobRow], int | None]:
    """One page of a job's rows after a row number, and where the next page starts (None at the end)."""
    rows = job.rows.filter(row_number__gt=after).order_by("row_number")
    if outcome in RowOutcome.values:
        rows = rows.filter(outcome=outcome)
    found = list(rows[: ROWS_PER_PAGE + 1])
    more = len(found) > ROWS_PER_PAGE
    found = found[:ROWS_PER_PAGE]
    return found, found[-1].row_number if more else None

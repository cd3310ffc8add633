"""What a running job reports through."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from core.actor import Actor
from core.db import insert_rows
from core.jobs import files
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.exceptions import JobCancelled, JobLost
from core.jobs.models import Job, JobRow

if TYPE_CHECKING:
    from core.accounts.models import User

ROWS_PER_FLUSH = 1000
FLUSH_SECONDS = 1.0
_ROW_COLUMNS = ["job_id", "row_number", "key", "outcome", "field", "message", "data"]


@dataclass(slots=True)
class RowResult:
    """One row's result; `row_number` counts from 1 as the person sees it in their file.

    `also` are the numbers of further rows with the same result, such as those of one order: each is counted, and
    one JobRow is kept for all. `data` is kept with the row; its "url", a path of the console, makes the key a link.
    """

    row_number: int
    key: str = ""
    outcome: RowOutcome = RowOutcome.OK
    field: str = ""
    message: Any = ""
    data: dict[str, Any] | None = None
    also: Sequence[int] = ()


class JobContext:
    """Handed to the function of a job kind.

    Reports are collected and written every second or 1,000 rows, which is also the heartbeat and the
    moment at which a request to cancel is seen (JobCancelled is raised; leave it alone).
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.params: dict[str, Any] = job.params
        self._attempt = job.attempts
        self._rows: list[RowResult] = []
        self._flushed_at = time.monotonic()
        self._progress_set = False

    @property
    def actor(self) -> Actor:
        job = self.job
        return Actor(user_id=job.created_by_id, label=job.actor_label, kind=job.actor_kind)  # type: ignore[arg-type]

    @property
    def user(self) -> "User | None":
        return self.job.created_by

    def input_path(self) -> Path:
        """The uploaded file. Raises FileNotFoundError when there is none or it has been purged."""
        if not self.job.input_file:
            raise FileNotFoundError("The job has no file.")
        return files.path_of(self.job.input_file)

    def output(self, filename: str) -> Path:
        """Where to write the result file; people download it under `filename`."""
        if self.job.output_file:
            files.delete(self.job.output_file)
        self.job.output_file = files.new_name(filename)
        self.job.output_name = filename
        self.job.save(update_fields=["output_file", "output_name"])
        return files.path_of(self.job.output_file)

    def row(
        self,
        row_number: int,
        outcome: RowOutcome | str = RowOutcome.OK,
        *,
        key: str = "",
        field: str = "",
        message: Any = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Report one row."""
        self.rows([RowResult(row_number, key, RowOutcome(outcome), field, message, data)])

    def reported_rows(self) -> frozenset[int]:
        """The row numbers of the results that an earlier run of this job, whose worker died, has written."""
        return frozenset(self.job.rows.values_list("row_number", flat=True))

    def rows(self, results: Iterable[RowResult]) -> None:
        """Report many rows."""
        self._rows.extend(results)
        if len(self._rows) >= ROWS_PER_FLUSH or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self.flush()

    def progress(self, processed: int, total: int | None = None) -> None:
        """Say how far it is; where rows are reported, `processed` follows them by itself."""
        self.job.processed = processed
        self._progress_set = True
        if total is not None:
            self.job.total = total
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS or processed == 0:
            self.flush()

    def message(self, text: Any) -> None:
        """A sentence about the result as a whole."""
        self.job.message = str(text)

    def keep(self, name: str, found: Any) -> None:
        """Keep what the kind's `summary` tells of, JSON, in the job's parameters."""
        self.job.params[name] = found
        self.job.save(update_fields=["params"])

    def flush(self) -> None:
        """Write what was collected. Raises JobCancelled, or JobLost if another worker took over."""
        rows, self._rows = self._rows, []
        self._flushed_at = time.monotonic()
        with transaction.atomic():
            self._write_rows(rows)
            cancelled = self._beat()
        if cancelled:
            raise JobCancelled(self.job.pk)

    def _write_rows(self, rows: Sequence[RowResult]) -> None:
        """Rows that an earlier, dead run already reported are not counted again."""
        job = self.job
        latest = {row.row_number: row for row in rows}
        written = insert_rows(
            JobRow,
            _ROW_COLUMNS,
            [(job.pk, *_values(row)) for row in latest.values()],
            on_conflict="ON CONFLICT (job_id, row_number) DO NOTHING",
            returning=["row_number"],
        )
        counts: Counter[RowOutcome] = Counter()
        for (number,) in written:
            counts[latest[number].outcome] += 1 + len(latest[number].also)
        job.succeeded += counts[RowOutcome.OK] + counts[RowOutcome.WARNING]
        job.failed += counts[RowOutcome.ERROR]
        job.skipped += counts[RowOutcome.SKIPPED]
        if not self._progress_set:
            job.processed = job.succeeded + job.failed + job.skipped

    def _beat(self) -> bool:
        """Write the figures and the heartbeat; True if somebody asked to cancel."""
        job = self.job
        job.heartbeat_at = timezone.now()
        values = {name: getattr(job, name) for name in _BEAT_FIELDS}
        mine = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, attempts=self._attempt)
        if not mine.update(**values):
            raise JobLost(job.pk)
        return mine.filter(cancel_requested=True).exists()


_BEAT_FIELDS = ["processed", "total", "succeeded", "failed", "skipped", "message", "heartbeat_at"]


def _values(row: RowResult) -> tuple[Any, ...]:
    data = {**(row.data or {}), "also": list(row.also)} if row.also else row.data
    return (row.row_number, row.key[:255], row.outcome.value, row.field[:120], str(row.message), data)

"""What the import commands share: run a job kind in this process and print what became of each row."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.actor import SYSTEM
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.models import Job
from core.jobs.running import run_job
from core.jobs.services import start_job

SHOWN_ERRORS = 50


class ImportCommand(BaseCommand):
    """Base: `kind` is the job kind; params() the job's parameters. Exit code 1 if a row failed."""

    kind = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV (also .gz) or XLSX")
        parser.add_argument("--quiet-rows", action="store_true", help="don't list the rows that failed")

    def params(self, options: dict[str, Any]) -> dict[str, Any]:
        return {}

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        queued = start_job(kind=self.kind, params=self.params(options), actor=SYSTEM, input_file=path)
        job = run_job(queued.pk)
        if job is None:
            raise CommandError("A worker has taken the job; look at it in the console.")
        self._report(job, list_rows=not options["quiet_rows"])
        if job.status != JobStatus.DONE or job.failed:
            sys.exit(1)

    def _report(self, job: Job, *, list_rows: bool) -> None:
        if list_rows:
            errors = job.rows.filter(outcome=RowOutcome.ERROR).order_by("row_number")
            for row in errors[:SHOWN_ERRORS]:
                self.stdout.write(f"row {row.row_number}: {row.field or '-'}: {row.key}: {row.message}")
            if job.failed > SHOWN_ERRORS:
                self.stdout.write(f"… and {job.failed - SHOWN_ERRORS} more")
        read = job.succeeded + job.skipped + job.failed
        self.stdout.write(f"{read} rows: {job.succeeded} done, {job.skipped} skipped, {job.failed} failed.")
        if job.message:
            self.stdout.write(job.message)

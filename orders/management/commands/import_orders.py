"""A file of orders, from the command line."""

import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.actor import SYSTEM
from core.exceptions import DomainError
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.models import Job
from core.jobs.running import run_job
from orders.enums import ChannelKind
from orders.importing.presets import PRESETS, Preset
from orders.models import Channel
from orders.services.channels import create_channel
from orders.services.import_start import look_at, refuse_incomplete, start_import, suggest_mapping

SHOWN_ERRORS = 50
PROGRESS_SECONDS = 2.0


class Command(BaseCommand):
    help = (
        "Import a file of orders (CSV, also .gz, or XLSX). Every row is accounted for; importing a file again adds "
        "nothing. Exit code 1 if a row failed or the file couldn't be read. Rows that are no orders by their "
        "nature (cancellations, adjustments, goods taken back, orders closed on the channel) are counted as "
        "rejected with the reason, and aren't failures."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--channel", required=True, metavar="CODE")
        parser.add_argument(
            "--preset", choices=sorted(PRESETS), help="the file's layout; else the channel's mapping or a guess"
        )
        parser.add_argument("--lines", type=Path, help="second file with the lines of the orders (taobao)")
        parser.add_argument("--create-channel", action="store_true", help="make the channel if it is missing")
        parser.add_argument("--create-catalogue", action="store_true", help="make SKUs that the file names")
        parser.add_argument(
            "--opening-stock", type=int, default=0, metavar="PERCENT",
            help="with --create-catalogue: put this share of the ordered units of new SKUs on stock",
        )  # fmt: skip
        parser.add_argument("--warehouse", default="", metavar="CODE", help="where the opening stock goes")
        parser.add_argument("--quiet-rows", action="store_true", help="don't list the rows that failed")

    def handle(self, *args: Any, **options: Any) -> None:
        _migrate_empty_database()
        preset = PRESETS[options["preset"]] if options["preset"] else None
        for path in filter(None, (options["file"], options["lines"])):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        try:
            job = self._start(preset, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        with _Progress(self, job.pk):
            finished = run_job(job.pk)
        if finished is None:
            raise CommandError("A worker has taken the job; look at it in the console.")
        self._report(finished, list_rows=not options["quiet_rows"])
        if finished.status != JobStatus.DONE or finished.failed:
            sys.exit(1)

    def _start(self, preset: Preset | None, options: dict[str, Any]) -> Job:
        channel = _channel(options["channel"], preset, make=options["create_channel"])
        header, _rows = look_at(options["file"])
        if options["lines"]:
            if preset is None or preset.lines_file is None:
                raise CommandError("--lines needs a --preset whose lines are in a second file (taobao).")
            mapping = preset.mapping
        else:
            suggested = preset.mapping if preset else suggest_mapping(channel, header)[0]
            mapping = refuse_incomplete(suggested, header)
        catalogue = {"opening_stock": options["opening_stock"], "warehouse": options["warehouse"]}
        return start_import(
            channel=channel,
            path=options["file"],
            name=options["file"].name,
            mapping=mapping,
            actor=SYSTEM,
            lines_path=options["lines"],
            lines_by=preset.lines_file if preset else None,
            catalogue=catalogue if options["create_catalogue"] else None,
        )

    def _report(self, job: Job, *, list_rows: bool) -> None:
        if list_rows:
            errors = job.rows.filter(outcome=RowOutcome.ERROR).order_by("row_number")
            for row in errors[:SHOWN_ERRORS]:
                self.stdout.write(f"row {row.row_number}: {row.key}: {row.field or '-'} {row.message}")
            if job.failed > SHOWN_ERRORS:
                self.stdout.write(f"… and {job.failed - SHOWN_ERRORS} more")
        self.stdout.write(job.message)


def _channel(code: str, preset: Preset | None, *, make: bool) -> Channel:
    channel = Channel.objects.filter(code=code).first()
    if channel is None and not make:
        known = ", ".join(Channel.objects.values_list("code", flat=True)) or "none"
        raise CommandError(f"There is no channel {code} (known: {known}). --create-channel makes it.")
    if channel is None:
        values = {"name": code, "kind": ChannelKind.FILE, **(preset.channel if preset else {})}
        channel = create_channel(code=code, values=values, actor=SYSTEM)
    return channel


def _migrate_empty_database() -> None:
    """Make the tables where there are none at all, so that one command is enough on a new installation."""
    if not MigrationExecutor(connection).loader.applied_migrations:
        call_command("migrate", verbosity=0, interactive=False)


class _Progress:
    """Prints how far the job is while it runs in the main thread."""

    def __init__(self, command: BaseCommand, job_id: int) -> None:
        self.command = command
        self.job_id = job_id
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.thread.join()

    def _run(self) -> None:
        try:
            while not self.stopped.wait(PROGRESS_SECONDS):
                job = Job.objects.values("processed", "total").get(pk=self.job_id)
                if job["total"]:
                    self.command.stderr.write(f"{job['processed']:,} of {job['total']:,} rows")
        finally:
            connection.close()

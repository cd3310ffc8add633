from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from ecom_admin.backup import BackupError
from ecom_admin.embedded.paths import Paths
from ecom_admin.recovery import prepare_recovery


class Command(BaseCommand):
    help = "Prepare PostgreSQL's data directory so that its next start recovers to a point in time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("base", type=Path, help="what manage.py backup --base wrote")
        parser.add_argument("--wal", type=Path, required=True, help="folder of the archived write-ahead log")
        parser.add_argument("--until", help="instant with its zone, 2026-03-01T14:05:00+00:00; without: all there is")
        parser.add_argument(
            "--data-directory", type=Path, help="the server's data directory; without: the embedded server's"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        paths = Paths(settings.DATA_DIR)
        directory = options["data_directory"]
        until = _instant(options["until"]) if options["until"] else None
        try:
            if directory is None:
                if settings.DATABASE_URL:
                    raise CommandError("Name the external server's data directory: --data-directory.")
                paths.prepare()
                directory = paths.postgres_data
            aside = prepare_recovery(options["base"], log=options["wal"], until=until, directory=directory)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        if aside:
            self.stdout.write(f"What was there is in {aside}.")
        self.stdout.write(f"{directory} is ready: start PostgreSQL, then run manage.py reconcile_stock.")


def _instant(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError(f"--until must be an instant with its zone, like 2026-03-01T14:05:00+00:00, not {text!r}.")
    return found

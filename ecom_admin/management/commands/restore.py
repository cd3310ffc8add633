from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ecom_admin.backup import BackupError, missing_keys, restore


class Command(BaseCommand):
    help = "Put a backup in place of this installation's database and uploaded files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="what manage.py backup made")
        parser.add_argument("--force", action="store_true", help="replace what is here")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            manifest = restore(options["folder"], force=options["force"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored the backup of {manifest.made_at}, version {manifest.version}.")
        if missing_keys(manifest):
            self.stdout.write("FIELD_ENCRYPTION_KEYS lacks the key of that time: stored credentials can't be read.")
        self.stdout.write("Now run: manage.py migrate, then manage.py reconcile_stock.")

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ecom_admin.backup import BackupError, back_up, back_up_base


class Command(BaseCommand):
    help = "Copy database and uploaded files into a folder, while work goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="new or empty folder for the copy")
        parser.add_argument(
            "--base", action="store_true", help="copy the server's data directory instead, for point-in-time recovery"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder = options["folder"]
        try:
            if options["base"]:
                back_up_base(folder)
            else:
                back_up(folder)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        size = sum(file.stat().st_size for file in folder.iterdir())
        self.stdout.write(f"{folder}: {size / 1e6:.1f} MB")

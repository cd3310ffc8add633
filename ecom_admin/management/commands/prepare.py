from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ecom_admin import messages


class Command(BaseCommand):
    help = "Bring translations, static files and database up to date; does only what isn't done yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="put the demo's data in as well")

    def handle(self, *_args: Any, **options: Any) -> None:
        messages.compile_stale(settings.LOCALE_PATHS[0])
        if self.static_files_changed():
            self.stdout.write("Collecting static files")
            call_command("collectstatic", interactive=False, verbosity=0, clear=True)
            self.static_stamp.touch()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Migrating the database")
            call_command("migrate", interactive=False, verbosity=0)
        if options["demo"]:
            call_command("seed_demo")

    @property
    def static_stamp(self) -> Path:
        return Path(settings.STATIC_ROOT) / ".collected"

    def static_files_changed(self) -> bool:
        if not self.static_stamp.exists():
            return True
        collected = self.static_stamp.stat().st_mtime
        own = [path for folder in settings.STATICFILES_DIRS for path in folder.rglob("*")]
        sources = [
            *own,
            settings.BASE_DIR / "package-lock.json",
            settings.BASE_DIR / "ecom_admin/settings.py",
        ]
        return any(path.stat().st_mtime > collected for path in sources)

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecom_admin import messages


class Command(BaseCommand):
    help = "Bring the Chinese catalogue in line with the source and compile it. Needs no GNU gettext."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--check", action="store_true", help="change nothing; fail if something is missing")
        group.add_argument("--compile", action="store_true", help="only compile")

    def handle(self, *_args: Any, **options: Any) -> None:
        po = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po"
        if options["check"]:
            self.check_catalog(messages.check(settings.BASE_DIR, po))
            return
        if not options["compile"]:
            missing = messages.update(settings.BASE_DIR, po)
            self.stdout.write(f"{po.relative_to(settings.BASE_DIR)}: {missing} to translate")
        messages.compile_stale(settings.LOCALE_PATHS[0])

    def check_catalog(self, problems: list[messages.Problem]) -> None:
        for problem in problems:
            self.stderr.write(str(problem))
        if problems:
            raise CommandError(f"{len(problems)} strings aren't translated; run make messages and translate them.")
        self.stdout.write("Every string is translated.")

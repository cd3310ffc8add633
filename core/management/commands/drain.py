from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.stages import DrainFailed, drain


class Command(BaseCommand):
    help = "Run every due stage, and deliver events, until nothing is due. Needs no worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stage", action="append", help="only this stage; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        failure: DrainFailed | None = None
        try:
            processed = drain(keep_going=True, only=options["stage"])
        except DrainFailed as error:
            processed, failure = error.processed, error
        for name, count in processed.items():
            if count or options["verbosity"] > 1:
                self.stdout.write(f"{name:32} {count:>10,}")
        if failure:
            raise CommandError("\n".join(f"{name}: {error}" for name, error in failure.errors.items()))

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Keep the embedded PostgreSQL and Redis running until interrupted, and print their addresses."

    def handle(self, *_args: Any, **_options: Any) -> None:
        place = settings.DATABASES["default"]
        self.stdout.write(f"PostgreSQL: {place['NAME']} in {place['HOST']}")
        self.stdout.write(f"Redis: {settings.DATA_DIR}")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})

import json
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from logistics.sandbox.server import Sandbox, run


class Command(BaseCommand):
    help = (
        "Serve a stand-in for the carriers (kuaidi100 and UPS wire formats) on loopback, or, with --control, "
        "tell a running one what to do."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.CARRIER_SANDBOX_PORT)
        parser.add_argument(
            "--speed", type=float, default=1440.0, help="Simulated seconds per second; 1440 makes a day of a minute."
        )
        parser.add_argument(
            "--db",
            default=str(settings.DATA_DIR / "carrier_sandbox.sqlite3"),
            help="SQLite file that keeps the parcels over a restart; :memory: keeps nothing.",
        )
        parser.add_argument(
            "--control",
            nargs="+",
            metavar=("WHAT", "JSON"),
            help=(
                'Send a command: faults \'{"kind": "hang", "count": 3}\', outcome, advance, abort, parcels, rates; '
                "`faults` alone ends all faults, `figures` prints figures."
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["control"]:
            self.stdout.write(self._control(options["port"], *options["control"]))
            return
        if options["speed"] <= 0:
            raise CommandError("--speed must be above 0")
        sandbox = Sandbox(speed=options["speed"], path=options["db"])
        try:
            run(sandbox, host="127.0.0.1", port=options["port"], ready=self._announce)
        except OSError as error:
            raise CommandError(f"Port {options['port']}: {error}") from error

    def _announce(self, port: int) -> None:
        self.stdout.write(f"Carrier sandbox on http://127.0.0.1:{port}")
        self.stdout.flush()

    def _control(self, port: int, what: str, body: str = "") -> str:
        address = f"http://127.0.0.1:{port}/control" + ("" if what == "figures" else f"/{what}")
        method = "POST" if body else ("DELETE" if what == "faults" else "GET")
        if body:
            try:
                json.loads(body)
            except ValueError as error:
                raise CommandError(f"not JSON: {error}") from error
        request = urllib.request.Request(address, data=body.encode() or None, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise CommandError(error.read().decode()) from error
        except OSError as error:
            raise CommandError(f"No sandbox on port {port}: {error}") from error

"""Opening stock or a stock count from a file."""

from argparse import ArgumentParser
from typing import Any

from inventory.management.import_command import ImportCommand
from inventory.services.imports.stock import COUNT, OPENING


class Command(ImportCommand):
    help = "Import stock quantities from CSV or XLSX; exit code 1 if a row failed."
    kind = "inventory.import_stock"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--mode", choices=[OPENING, COUNT], default=OPENING)
        parser.add_argument("--warehouse", default="", help="code, where the file has no warehouse column")

    def params(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"mode": options["mode"], "warehouse": options["warehouse"]}

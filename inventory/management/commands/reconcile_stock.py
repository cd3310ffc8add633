"""Prove that ledger, stock levels and reservations agree."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from inventory.models import StockLevel
from inventory.selectors import Difference, stock_differences


class Command(BaseCommand):
    help = "Compare stock levels with the ledger and the open reservations; exit code 1 if any differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the differences as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        differences = stock_differences()
        if options["json"]:
            report = {"ok": not differences, "differences": [row._asdict() for row in differences]}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        elif differences:
            self.stdout.write(_table(differences))
        else:
            count = StockLevel.objects.count()
            self.stdout.write(f"{count} stock levels agree with ledger and reservations.")
        if differences:
            raise SystemExit(1)


def _table(differences: list[Difference]) -> str:
    rows = [("Warehouse", "SKU", "Quantity", "Level", "Source", "Says"), *differences]
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(6)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in texts]
    return "\n".join([*lines, f"{len(differences)} differences"])

"""`manage.py report five-pains`: the board as text or JSON."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from analytics.rules.figures import Figure, Pain, Period
from analytics.selectors import Scope
from analytics.selectors.board import five_pains
from analytics.templatetags.figures import figure_text

WIDTH = 44


class Command(BaseCommand):
    help = "Print a report: five-pains, the live figures of the board."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("report", choices=["five-pains"])
        parser.add_argument("--days", type=int, default=7, help="length of the period, in days (default 7)")
        parser.add_argument("--json", action="store_true", help="for programs: seconds and ratios")

    def handle(self, *args: Any, **options: Any) -> None:
        period = Period.days_until(timezone.now(), options["days"])
        with translation.override("en"):
            pains = five_pains(period, Scope())
            self.stdout.write(_as_json(period, pains) if options["json"] else _as_text(period, pains))


def _as_json(period: Period, pains: list[Pain]) -> str:
    return json.dumps(
        {
            "report": "five-pains",
            "from": period.start.isoformat(),
            "to": period.end.isoformat(),
            "pains": [
                {
                    "code": pain.code,
                    "title": str(pain.title),
                    "figures": [_plain(figure) for figure in pain.figures],
                }
                for pain in pains
            ],
        },
        indent=2,
    )


def _plain(figure: Figure) -> dict[str, Any]:
    plain = asdict(figure)
    return {key: str(value) if key in ("label", "definition", "unit") else value for key, value in plain.items()}


def _as_text(period: Period, pains: list[Pain]) -> str:
    lines = [f"Five pains, {period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M} UTC"]
    for pain in pains:
        lines += ["", str(pain.title)]
        for figure in pain.figures:
            change = "" if figure.change is None else f"{figure.change:+.0%}"
            lines.append(f"  {figure.label!s:<{WIDTH}} {figure_text(figure) or '–':>14} {change:>7}  n={figure.basis}")
    return "\n".join(lines)

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecom_admin.generated import generate_orders


class Command(BaseCommand):
    help = (
        "Add made-up orders of the last year in every state, with customers, stock, fulfilments and shipments, by "
        "set-based SQL: for looking at the console with many orders. They belong to the channel 'generated'. Where "
        "most orders will be generated ones, their tables are closed to everybody else until it has ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, required=True, metavar="N")
        parser.add_argument(
            "--moving-share", type=float, default=0.015, metavar="SHARE", help="share of orders with the carrier (0–1)"
        )

    def handle(self, *_args: Any, orders: int, moving_share: float, **_options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Made-up orders have no place in production.")
        started = time.monotonic()

        def say(made: int) -> None:
            self.stdout.write(f"{made:,} orders after {time.monotonic() - started:.0f} s")

        try:
            generate_orders(orders, moving_share=moving_share, progress=say)
        except ValueError as error:
            raise CommandError(str(error)) from error

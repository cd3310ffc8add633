"""`manage.py demo_feed`: orders arrive through the API, parcels leave, customers rate, while one watches."""

import json
import random
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from ecom_admin.demo_data import staff
from ecom_admin.demo_data.orders import OrderMaker
from ecom_admin.demo_data.purchasing import SOLD_OUT
from ecom_admin.demo_data.world import KEY_FILE

CHANNELS = ("web-cn", "web-cn", "web-eu")


class Command(BaseCommand):
    help = "Send orders of the demo's web shops to the API and do a share of the warehouse's work, until interrupted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=6.0, help="seconds between two orders (default 6)")
        parser.add_argument("--orders", type=int, default=0, help="stop after this many orders; 0 goes on for ever")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's orders have no place in production.")
        if not KEY_FILE.exists():
            raise CommandError("Run manage.py seed_demo first.")
        maker = OrderMaker(seed=int(time.time()), avoid=SOLD_OUT)  # the demo begins with enough that is sold out
        chooser = random.Random(3)  # noqa: S311 - sample data
        sent = 0
        while not options["orders"] or sent < options["orders"]:
            channel = chooser.choice(CHANNELS)
            self._send(channel, maker.next_order(channel))
            sent += 1
            self._work(chooser)
            time.sleep(options["every"])

    def _send(self, channel: str, order: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{settings.PUBLIC_BASE_URL}/api/v1/orders?channel={channel}",
            data=json.dumps(order).encode(),
            headers={"Authorization": f"Bearer {KEY_FILE.read_text()}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                self.stdout.write(f"{channel} {order['external_id']}: {answer.read().decode()[:200]}")
        except urllib.error.HTTPError as error:
            self.stdout.write(f"{channel} {order['external_id']}: {error.code} {error.read().decode()[:200]}")
        except OSError as error:
            self.stdout.write(f"{channel} {order['external_id']}: {error}")

    def _work(self, chooser: random.Random) -> None:
        """A share of the warehouse's work; when the database is away, the next round tries again."""
        try:
            close_old_connections()
            packed, left = staff.pack(2), staff.hand_over(2)
            rated = staff.rate(chooser, 3)
        except DatabaseError as error:
            self.stdout.write(f"database: {error}")
            return
        if packed or left or rated:
            self.stdout.write(f"packed {packed}, handed over {left}, rated {rated}")

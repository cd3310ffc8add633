"""`manage.py seed_demo`: the demo's company, its catalogue and its history, through the real importers."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actor import SYSTEM
from core.stages import drain
from ecom_admin.demo_data import staff
from ecom_admin.demo_data.orders import OrderMaker
from ecom_admin.demo_data.purchasing import seed_purchasing, sell_out
from ecom_admin.demo_data.world import SANDBOX_SPEED, seed_carriers, seed_channels, seed_people, seed_warehouses
from logistics.sandbox.server import Sandbox, serving
from orders.enums import IntakeSource
from orders.models import Channel, Order
from orders.services.intake import receive

EXAMPLES = Path(settings.BASE_DIR) / "examples"
SANDBOX_FILE = settings.DATA_DIR / "carrier_sandbox.sqlite3"
FIRST_ORDERS = {"web-cn": 60, "web-eu": 30}
STAYING = 40  # parcels of the history that still wait for the warehouse


class Command(BaseCommand):
    help = "Fill an empty database with the demo's company and real orders. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo's logins have a known password; they have no place in production.")
        seed_people()
        seed_warehouses()
        seed_channels()
        seed_carriers()
        if Order.objects.exists():
            return
        self._import_catalogue()
        sell_out()
        seed_purchasing()
        self._import_history()
        self._address_history()
        self._first_orders()
        # Labels are bought from the carriers' sandbox, as they will be when the demo runs.
        sandbox = Sandbox(speed=SANDBOX_SPEED, path=str(SANDBOX_FILE))
        with serving(sandbox, port=settings.CARRIER_SANDBOX_PORT):
            self._say("Validating, allocating and labelling")
            drain()
            packed = staff.pack(2000, leave=STAYING)
            left = staff.hand_over(2000, leave=STAYING)
            drain(only=["outbox.relay"])  # the parcels are followed once the demo runs
        self._say(f"{Order.objects.count()} orders; {packed} parcels packed, {left} handed over")

    def _import_catalogue(self) -> None:
        self._say("Importing the catalogue and stock of the home-goods company")
        call_command("import_products", str(EXAMPLES / "home_goods_products.csv"), verbosity=0, stdout=self.stderr)
        call_command("import_stock", str(EXAMPLES / "home_goods_stock.csv"), verbosity=0, stdout=self.stderr)

    def _import_history(self) -> None:
        self._say("Importing about 1,000 invoices of a gift wholesaler (UCI Online Retail, CC BY 4.0)")
        call_command(
            "import_orders",
            str(EXAMPLES / "uci_excerpt.csv"),
            "--channel=uci",
            "--preset=uci",
            "--create-channel",
            "--create-catalogue",
            "--opening-stock=160",
            "--warehouse=LDN",
            "--quiet-rows",
            stdout=self.stderr,
        )

    def _address_history(self) -> None:
        """The invoices name a country only; a sample address lets their parcels travel."""
        Order.objects.filter(channel__code="uci", ship_street="").update(
            ship_name="Sample Customer",
            ship_street="1 Sample Street",
            ship_city="Sample City",
            ship_postal_code="00000",
        )

    def _first_orders(self) -> None:
        maker = OrderMaker(seed=1, flawed=1 / 6)  # enough of each kind to look at
        for code, count in FIRST_ORDERS.items():
            receive(
                Channel.objects.get(code=code),
                [maker.next_order(code) for _ in range(count)],
                source=IntakeSource.API,
                actor=SYSTEM,
                received_at=timezone.now(),
            )

    def _say(self, text: str) -> None:
        self.stdout.write(f"demo: {text}")

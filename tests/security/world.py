"""One of everything, with the id 1 that made-up addresses name, so that pages and forms are really reached."""

from typing import Any

from django.apps import apps
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import ApiKey, User
from core.actor import Actor
from core.audit.models import AuditEntry
from core.cases.models import Case
from core.cases.registry import find_case_type
from core.jobs.models import Job
from core.jobs.running import run_job
from core.jobs.services import start_job
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.services import send_email
from core.stages import drain, stages
from core.ui.models import SavedView
from inventory.models import Product, Sku, SkuAlias, SkuBarcode, StockLevel, Warehouse
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, Shipment, ShipmentLabel
from logistics.public import sign
from logistics.services.customer_mail import SHIPPED
from orders.models import Channel, Finding, FulfilmentOrder, Hold, IntakeMessage, Order, OrderLine
from orders.services.import_uploads import keep_upload
from supply_chain.models import PurchaseOrder, PurchaseOrderLine, Supplier, SupplierSku
from tests.factories.accounts import make_api_key, make_superuser
from tests.factories.inventory import make_sku
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment
from tests.factories.orders import make_channel, make_order, send
from tests.factories.supply_chain import make_offer, make_purchase_order, make_supplier
from tests.factories.supply_chain import send as send_purchase_order
from tests.security.routes import Route

FIRST = 1
TOLD = {"type": "orders.address", "subject": "SO1", "summary": "Wrong", "summary_code": ""}
# What every address below may name, and so must exist.
NEEDED = (
    ApiKey, AuditEntry, Carrier, Case, Channel, Finding, FulfilmentOrder, IntakeMessage, Job, Notification, Order,
    Hold, OrderLine, OutgoingMessage, Product, PurchaseOrder, PurchaseOrderLine, SavedView, Shipment,
    ShipmentLabel, Sku, SkuAlias, SkuBarcode, StockLevel, Supplier, SupplierSku, User, Warehouse,
)  # fmt: skip
PERSON = {
    "name": "Zebulon Quince", "phone": "13800138000999", "country": "CN", "province": "浙江省", "city": "杭州市",
    "district": "西湖区", "street": "Quincestreet 77", "postal_code": "310012",
}  # fmt: skip


class World:
    """`owner` may everything and owns what is personal."""

    def __init__(self) -> None:
        _number_from_one()
        self.owner = make_superuser()
        self.actor = Actor.for_user(self.owner)
        self._orders()
        self._parcels()
        self._purchasing()
        self._console()
        drain(only=["cases.detect"])
        missing = [model.__name__ for model in NEEDED if not model.objects.filter(pk=FIRST).exists()]
        assert missing == [], missing
        self.special = self._special()

    def path(self, route: Route) -> str:
        """The address of the route in this world."""
        return reverse(route.name, kwargs=self.special[route.name]) if route.name in self.special else route.path

    def _orders(self) -> None:
        """The first order is held by what is wrong with its customer; a message was refused."""
        channel = make_channel("first")
        send(channel, {"external_id": "refused"})
        customer = {"external_id": "zq", "name": "Zebulon Quince", "email": "zebulon.quince@gmial.com"}
        make_order(channel, ("NONE", 1), shipping_address=PERSON, customer=customer)
        drain(only=["orders.validate"])

    def _parcels(self) -> None:
        """The first parcel is waiting for a label, of a released fulfilment order."""
        fulfilment = make_fulfilment()
        drain(only=["outbox.relay"])
        carrier = make_carrier()
        first = Shipment.objects.order_by("pk").first() or make_shipment(carrier, fulfilment)
        Shipment.objects.filter(pk=first.pk).update(
            carrier=carrier, status=ShipmentStatus.PENDING, label_error="no", label_due_at=None
        )
        ShipmentLabel.objects.create(shipment=first, pdf=b"%PDF", created_at=timezone.now())

    def _purchasing(self) -> None:
        """The first purchase order is a draft, the second one sent."""
        supplier, sku = make_supplier(), make_sku()
        make_offer(supplier, sku)
        warehouse = Warehouse.objects.get(pk=FIRST)
        make_purchase_order(warehouse, {sku: 5}, supplier)
        send_purchase_order(make_purchase_order(warehouse, {sku: 5}, supplier))
        sku = Sku.objects.get(pk=FIRST)
        SkuBarcode.objects.create(sku=sku, gtin="06901234567892")
        SkuAlias.objects.create(sku=sku, source="first", external_sku="A-1")

    def _console(self) -> None:
        make_api_key()
        SavedView.objects.create(page="accounts.api_key", name="Mine", owner=self.owner)
        Notification.objects.create(
            user=self.owner, code="cases.assigned", params=TOLD, url="/", created_at=timezone.now()
        )
        params = {"order": "SO1", "shop": "Shop", "tracking_url": "https://shop.example/track/x/"}
        send_email(template=SHIPPED, to="ann@example.com", language="en", params=params)
        upload = SimpleUploadedFile("products.csv", b"sku,name,price\nA-1,Mug,1\nA-2,Plate,x\n")
        run_job(start_job(kind="inventory.import_products", params={}, actor=self.actor, input_file=upload).pk)
        listed = {"list": "orders.order", "query": "", "columns": ["number"], "format": "csv"}
        run_job(start_job(kind="ui.export", params=listed, actor=self.actor).pk)

    def _special(self) -> dict[str, dict[str, Any]]:
        """Arguments of addresses that no id alone makes up."""
        case = Case.objects.get(pk=FIRST)
        kind = find_case_type(case.type)
        assert kind is not None
        name = keep_upload(SimpleUploadedFile("orders.csv", b"order,placed,sku,quantity,price\n1,2025-01-01,A,1,2\n"))
        upload = {"file": name, "name": "orders.csv", "channel": FIRST}
        token = sign(Order.objects.get(pk=2).pk)
        return {
            "cases:case_resolve": {"pk": FIRST, "code": kind.resolutions[0].code},
            "console:system_stage_retry": {"name": stages()[0].name},
            "jobs:job_output": {"pk": 2},
            "orders:import_map": {"token": signing.dumps(upload, salt="orders.import")},
            "supply_chain:purchase_order_step": {"pk": FIRST, "status": "pending_approval"},
            "supply_chain:purchase_order_reason": {"pk": FIRST, "status": "cancelled"},
            "supply_chain:receive": {"pk": 2},
            "supply_chain:receive_book": {"pk": 2},
            "track:order": {"token": token},
            "track:cancel": {"token": token},
            "track:rate": {"token": token},
        }


def _number_from_one() -> None:
    """Let the ids of empty tables begin at 1; undone with the test's transaction."""
    with connection.cursor() as cursor:
        for model in filter(lambda model: model._meta.managed, apps.get_models()):
            column = model._meta.pk.column
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', column])
            sequence = cursor.fetchone()[0]
            if sequence and not model._base_manager.exists():
                cursor.execute(f"ALTER SEQUENCE {sequence} RESTART WITH {FIRST}")

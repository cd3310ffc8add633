"""Nobody learns who a customer is without the right to: on no page, in no search, export, message or log."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import Actor
from core.audit.models import AuditEntry
from core.cases.models import Case
from core.jobs import files
from core.jobs.reading import EXPORT
from core.jobs.running import run_job
from core.jobs.services import start_job
from core.stages import drain
from core.ui import lists
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import TrackingEvent
from orders.models import Order
from orders.services.edit import edit_order
from tests.factories.accounts import make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment
from tests.factories.orders import make_channel, make_order

pytestmark = pytest.mark.django_db

PERSON = {
    "name": "Zebulon Quince",
    "phone": "13800138999",
    "country": "CN",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "street": "Quincestreet 77",
    "postal_code": "310012",
}
CUSTOMER = {"external_id": "zq", "name": "Zebulon Quince", "email": "zebulon.quince@gmial.com"}
MARKS = ("Zebulon", "Quince", "zebulon.quince", "138999", "13800138", "138 0013 8", "310012")
LISTS = list(lists.keys())
WITHOUT = [Role.WAREHOUSE_OPERATOR, Role.BUYER, Role.MARKETER, Role.ANALYST]
WITH = [Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.OPERATIONS_MANAGER, Role.ADMINISTRATOR]


def marks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@pytest.fixture
def held(db) -> Order:
    """An order with wrong personal data, and findings that quote it; corrected once by a person."""
    customer = CUSTOMER | {"email": "zebulon.quince"}
    address = PERSON | {"phone": "13800138999000", "postal_code": "310012000"}
    order = make_order(make_channel("held"), ("NONE", 1), shipping_address=address, customer=customer,
                       buyer_note="Ring at Quince, 13800138999")  # fmt: skip
    drain(only=["orders.validate"])
    clerk = Actor.for_user(make_user(Role.ORDER_CLERK))
    edit_order(order_id=order.pk, changes={"ship_name": "Zebulon M. Quince", "ship_street": "Quincestreet 78"},
               actor=clerk)  # fmt: skip
    drain(only=["orders.validate"])
    assert {finding.field for finding in order.findings.all()} >= {"shipping_address.phone", "customer.email"}
    assert Case.objects.filter(subject_id=order.pk).exists()
    return order


@pytest.fixture
def parcel(db):
    """A parcel whose carrier names the recipient."""
    fulfilment = make_fulfilment(make_channel("sent"), shipping_address=PERSON, customer=CUSTOMER)
    shipment = make_shipment(make_carrier(), fulfilment, status=ShipmentStatus.OUT_FOR_DELIVERY)
    now = timezone.now()
    TrackingEvent.objects.create(
        shipment=shipment, dedupe_key="1", occurred_at=now, ingested_at=now, source=EventSource.POLL,
        description="To Zebulon Quince (courier: Quince, 13800138999)", location="Quincestreet 77",
    )  # fmt: skip
    return shipment


def pages(order: Order, shipment) -> list[str]:
    case = Case.objects.filter(subject_id=order.pk).first()
    found = [
        reverse("orders:order_detail", args=[order.pk]),
        reverse("orders:order_detail", args=[shipment.order_id]),
        reverse("logistics:shipment_detail", args=[shipment.pk]),
        reverse("crm:customer_detail", args=[order.customer_id]),
        reverse("cases:case_detail", args=[case.pk]) if case else "",
        reverse("cases:work"),
        reverse("ui:today"),
        reverse("notifications:list"),
        *(f"{reverse('ui:search')}?q={query}" for query in (order.number, "Zeb", "8999", "zebulon.quince@gmial.com")),
        *(lists.get(key).url("view=all") for key in LISTS),
    ]
    return [url for url in found if url]


@pytest.mark.parametrize("role", WITHOUT)
def test_no_page_shows_who_the_customer_is(held, parcel, role):
    client = Client()
    client.force_login(make_user(role), "core.accounts.backends.RoleBackend")
    shown = {}
    for url in pages(held, parcel):
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get(url, headers=headers)
            text = response.content.decode().replace("q=Zeb", "").replace('value="Zeb"', "")
            if response.status_code == 200 and "search" not in url and marks_in(text):
                shown[url] = marks_in(text)
            elif response.status_code == 200 and "Quincestreet" in text:
                shown[url] = ["Quincestreet"]
    assert shown == {}


@pytest.mark.parametrize("role", WITH)
def test_those_with_the_right_see_it(held, parcel, role):
    client = Client()
    client.force_login(make_user(role), "core.accounts.backends.RoleBackend")
    order = client.get(reverse("orders:order_detail", args=[held.pk])).content.decode()
    for text in ("Zebulon M. Quince", "Quincestreet 78", "Ring at Quince", "zebulon.quince isn"):
        assert text in order
    shipment = client.get(reverse("logistics:shipment_detail", args=[parcel.pk])).content.decode()
    assert "To Zebulon Quince" in shipment


@pytest.mark.parametrize("role", WITHOUT)
def test_no_export_tells_who_the_customer_is(held, parcel, role, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    user = make_user(role)
    for key in LISTS:
        page = lists.get(key)
        if not (page.may_see(user) and page.can_export):
            continue
        params = {"list": key, "query": "", "columns": [column.key for column in page.columns], "format": "csv"}
        job = start_job(kind=EXPORT, params=params, actor=Actor.for_user(user))
        run_job(job.pk)
        job.refresh_from_db()
        assert marks_in(files.path_of(job.output_file).read_text("utf-8")) == [], key


def test_the_trail_never_holds_it(held):
    for entry in AuditEntry.objects.all():
        assert marks_in(str(entry.changes)) == [], entry.action


@pytest.mark.parametrize("role", list(Role))
def test_the_customer_s_own_link_is_for_those_who_may_cancel(parcel, role):
    """What it opens lets whoever has it cancel the order, and in the customer's name."""
    user = make_user(role)
    client = Client()
    client.force_login(user, "core.accounts.backends.RoleBackend")
    page = client.get(reverse("orders:order_detail", args=[parcel.order_id])).content.decode()
    assert ("/track/" in page) == user.has_perm("orders.cancel_order")

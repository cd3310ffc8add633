"""A parcel from release to delivery, through the real stages, events and a carrier over HTTP."""

from decimal import Decimal

import pytest
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.cases.models import Case
from core.stages import drain
from inventory.models import StockLevel
from logistics.codes import INGEST, LABEL, POLL, STRAYS
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, Shipment, TransitTime
from logistics.services.labels import retry_homeless
from logistics.services.shipments import change_carrier
from logistics.services.warehouse import hand_over_parcel, pack_without_scanning
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder
from orders.services.cancel import cancel_order
from orders.services.edit import edit_order
from orders.services.fulfilment import record_shipped, report_short, start_picking
from tests.factories.accounts import make_user
from tests.factories.logistics import make_carrier, make_fulfilment, make_fulfilments, make_rule, make_ups, pack

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus
WAY = ("outbox.relay", LABEL, INGEST, POLL)


def run() -> None:
    drain(only=WAY)


def due_now() -> None:
    Shipment.objects.filter(next_poll_at__isnull=False).update(next_poll_at="2020-01-01T00:00Z")


def test_release_label_hand_over_track_deliver(rule, sandbox):
    TransitTime.objects.create(carrier=rule, country="CN", days=3)
    part = make_fulfilment()
    run()
    shipment = Shipment.objects.get(fulfilment=part)
    assert shipment.status == S.LABEL_CREATED
    assert shipment.carrier == rule
    assert bytes(shipment.label.pdf).startswith(b"%PDF")
    assert shipment.next_poll_at is None  # a label in the printer isn't asked about

    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    run()
    shipment.refresh_from_db()
    assert shipment.handed_over_at
    assert shipment.estimated_at_handover == shipment.estimated_delivery_at
    assert shipment.estimated_at_handover
    assert 3 <= (shipment.estimated_at_handover - shipment.handed_over_at).days + 1 <= 4

    due_now()
    run()
    shipment.refresh_from_db()
    assert shipment.status == S.PICKED_UP
    assert shipment.last_checked_at

    sandbox.control("advance", {"hours": 200})
    due_now()
    run()
    shipment.refresh_from_db()
    part.refresh_from_db()
    part.order.refresh_from_db()
    assert (shipment.status, part.status) == (S.DELIVERED, FulfilmentStatus.DELIVERED)
    assert part.order.status == OrderStatus.DELIVERED
    assert shipment.delivered_at == part.delivered_at
    assert shipment.next_poll_at is None
    assert not Case.objects.exists()


def test_a_parcel_that_nobody_recorded_as_shipped_is_shipped_by_its_first_scan(rule, sandbox):
    part = make_fulfilment()
    run()
    pack(part)
    Shipment.objects.update(next_poll_at="2020-01-01T00:00Z")
    run()
    part.refresh_from_db()
    shipment = Shipment.objects.get()
    assert part.status == FulfilmentStatus.SHIPPED
    assert shipment.handed_over_at == part.shipped_at
    assert StockLevel.objects.get(warehouse=part.warehouse).on_hand == 0


def test_a_cancelled_order_gives_its_label_back(rule, sandbox):
    part = make_fulfilment()
    run()
    shipment = Shipment.objects.get()
    cancel_order(order_id=part.order_id, actor=SYSTEM, reason="customer")
    run()
    shipment.refresh_from_db()
    assert shipment.status == S.CANCELLED
    assert shipment.label_due_at is None
    assert sandbox.control()["requests"] == 2  # bought, given back


def test_a_short_pick_stops_the_parcel_too(rule, sandbox):
    part = make_fulfilment()
    run()
    person = Actor.for_user(make_user())
    start_picking(fulfilment_id=part.pk, actor=person)
    report_short(fulfilment_id=part.pk, found={part.lines.get().pk: 0}, actor=person)
    drain(only=(STRAYS, LABEL))
    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.label_due_at) == (S.CANCELLED, None)
    assert sandbox.control()["requests"] == 2  # bought, given back


def test_a_parcel_abroad_goes_with_the_carrier_for_abroad(rule, sandbox):
    ups = make_ups(base_url=sandbox.url)
    make_rule(ups, priority=1, countries=["US"])
    address = {
        "name": "Jane Doe", "phone": "+14155550100", "country": "US", "province": "CA", "city": "San Francisco",
        "street": "500 Howard St", "postal_code": "94105",
    }  # fmt: skip
    part = make_fulfilment(shipping_address=address)
    run()
    shipment = Shipment.objects.get(fulfilment=part)
    assert shipment.carrier == ups
    assert shipment.tracking_number.startswith("1Z")
    assert (shipment.label_cost, shipment.label_currency) == (Decimal("38.40"), "USD")


def test_without_a_carrier_a_person_is_asked_and_the_rule_they_add_ends_the_case(sandbox):
    part = make_fulfilment()
    run()
    shipment = Shipment.objects.get(fulfilment=part)
    case = Case.objects.get()
    assert (shipment.status, case.type) == (S.PENDING, "logistics.no_carrier")
    assert case.subject_id == shipment.pk
    carrier = make_carrier("late", base_url=sandbox.url)
    make_rule(carrier)
    assert retry_homeless() == 1
    run()
    shipment.refresh_from_db()
    case.refresh_from_db()
    assert shipment.status == S.LABEL_CREATED
    assert case.status == "verified"


def test_a_carrier_that_is_switched_off_isnt_kept_for_the_corrected_recipient(rule, sandbox):
    part = make_fulfilment()
    run()
    gone = make_carrier("sf-2", base_url=rule.base_url)
    change_carrier(shipment_id=Shipment.objects.get().pk, carrier_id=gone.pk, actor=SYSTEM)
    run()
    Carrier.objects.filter(pk=gone.pk).update(is_active=False)
    edit_order(order_id=part.order_id, changes={"ship_street": "科技路 99 号"}, actor=SYSTEM)
    run()
    new = Shipment.objects.get(status=S.LABEL_CREATED)
    assert (new.fulfilment_id, new.carrier) == (part.pk, rule)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("changes", "keeps_carrier"),
    [
        ({"ship_street": "科技路 99 号"}, True),
        ({"ship_province": "江苏省", "ship_city": "南京市", "ship_district": "玄武区"}, False),
    ],
)
def test_who_picks_gets_a_label_for_the_corrected_recipient(rule, sandbox, packed, changes, keeps_carrier):
    part = make_fulfilment()
    run()
    if packed:
        pack(part)
    else:
        start_picking(fulfilment_id=part.pk, actor=SYSTEM)
    chosen = make_carrier("sf-2", base_url=rule.base_url)
    old = change_carrier(shipment_id=Shipment.objects.get().pk, carrier_id=chosen.pk, actor=SYSTEM)
    run()
    edit_order(order_id=part.order_id, changes=changes, actor=SYSTEM)
    run()
    estimate = Shipment.objects.earliest("pk").weight_g
    assert estimate not in (0, 500)
    old.refresh_from_db()
    new = Shipment.objects.get(status=S.LABEL_CREATED)
    assert (old.status, old.label_due_at) == (S.CANCELLED, None), "given back"
    assert (new.pk > old.pk, new.fulfilment_id, new.weight_g) == (True, part.pk, 500 if packed else estimate)
    assert old.weight_g == new.weight_g
    assert new.carrier == (chosen if keeps_carrier else rule)
    if not packed:
        pack_without_scanning(fulfilment_id=part.pk, actor=SYSTEM)
    hand_over_parcel(fulfilment_id=part.pk, actor=SYSTEM)
    edit_order(order_id=part.order_id, changes={"ship_name": "王大明"}, actor=SYSTEM)
    run()
    assert Shipment.objects.latest("pk") == new, "what has left keeps its label"


def test_who_packs_is_told_that_the_label_was_replaced(rule, sandbox, client):
    part, other = make_fulfilments(2)
    run()
    pack(part)
    pack(other)
    edit_order(order_id=part.order_id, changes={"ship_street": "科技路 99 号"}, actor=SYSTEM)
    client.force_login(make_user(Role.WAREHOUSE_OPERATOR))

    def is_told(fulfilment: FulfilmentOrder) -> bool:
        return b"The label was replaced" in client.get(reverse("logistics:pack", args=[fulfilment.pk])).content

    run()
    assert (is_told(part), is_told(other)) == (True, False)

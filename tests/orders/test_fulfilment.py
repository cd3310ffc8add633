"""What the warehouse and carriers report about fulfilment orders."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from core.actor import Actor
from core.outbox.models import OutboxEvent
from core.stages import drain
from logistics.enums import ShipmentStatus
from logistics.models import Shipment
from orders.enums import DataErrorSource, FulfilmentStatus, IntakeSource, OrderStatus
from orders.models import Channel, DataError, Order
from orders.services import fulfilment
from orders.services.channel_change import accept_channel_change
from orders.services.intake import receive
from tests.factories.accounts import make_user
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db

PIPELINE = ["orders.validate", "orders.allocate", "orders.release"]


def released(channel: Channel, quantity: int = 2) -> Order:
    """An order in the warehouse, its parcel waiting for a label."""
    order = make_order(channel, ("MUG", quantity))
    drain(only=[*PIPELINE, "outbox.relay"])
    order.refresh_from_db()
    assert order.released_at
    return order


def told_to_stop() -> list[dict[str, list[int]]]:
    return [event.payload for event in OutboxEvent.objects.filter(name="orders.cancelled")]


def test_a_short_pick_stops_the_parcel_at_once(channel, sku):
    order, picker = released(channel), Actor.for_user(make_user())
    part = order.fulfilments.get()
    parcel = Shipment.objects.get(fulfilment=part)
    fulfilment.start_picking(fulfilment_id=part.pk, actor=picker)
    fulfilment.report_short(fulfilment_id=part.pk, found={part.lines.get().pk: 1}, actor=picker)
    assert told_to_stop() == [{"order_ids": [], "fulfilment_ids": [part.pk]}]
    drain(only=["outbox.relay"])
    parcel.refresh_from_db()
    order.refresh_from_db()
    assert parcel.status == ShipmentStatus.CANCELLED
    assert order.status == OrderStatus.APPROVED


def test_taking_over_a_channels_change_stops_the_parcels_at_once(channel, sku):
    body = payload(("MUG", 1))
    send(channel, body)
    drain(only=[*PIPELINE, "outbox.relay"])
    part = Order.objects.get().fulfilments.get()
    moved = body | {"shipping_address": body["shipping_address"] | {"street": "文三路 91 号"}}
    (result,) = receive(
        channel, [moved], source=IntakeSource.API, actor=Actor.for_user(make_user()), received_at=timezone.now()
    )
    assert result.outcome == "updated"
    accept_channel_change(order_id=part.order_id, actor=Actor.for_user(make_user()))
    part.refresh_from_db()
    assert part.status == FulfilmentStatus.CANCELLED
    assert told_to_stop() == [{"order_ids": [], "fulfilment_ids": [part.pk]}]
    drain(only=["outbox.relay"])
    assert Shipment.objects.get(fulfilment=part).status == ShipmentStatus.CANCELLED
    assert Order.objects.get().ship_street == "文三路 91 号"


def test_an_undeliverable_order_is_noted_once(channel, sku):
    parts = [released(channel, 1).fulfilments.get() for _ in range(2)]
    first, later = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    fulfilment.record_undeliverable(fulfilment_ids=[parts[0].pk, parts[0].pk], at=first)
    fulfilment.record_undeliverable(fulfilment_ids=[part.pk for part in parts], at=later)
    noted = DataError.objects.filter(source=DataErrorSource.UNDELIVERABLE).order_by("order_id")
    assert [(error.order_id, error.found_at) for error in noted] == [
        (parts[0].order_id, first),
        (parts[1].order_id, later),
    ]
    fulfilment.record_undeliverable(fulfilment_ids=[], at=later)
    assert noted.count() == 2

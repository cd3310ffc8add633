"""Newer versions of orders that are on their way already, and old versions that come late."""

from typing import Any

import pytest

from core.actor import SYSTEM
from core.cases.models import Case
from core.exceptions import DomainError
from core.outbox.models import OutboxEvent
from core.stages import drain
from orders.codes import CHANNEL_CHANGE, CUSTOMER_CANCELLATION
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import Channel, FulfilmentOrder, Order
from orders.selectors.facts import duplicate_key_of
from orders.services import intake
from orders.services.channel_change import accept_channel_change
from orders.services.edit import edit_line, edit_order
from orders.services.manual import enter_order
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import AT, make_channel, payload, send

pytestmark = pytest.mark.django_db

STAGES = ["orders.validate", "orders.allocate", "orders.release"]


@pytest.fixture
def channel() -> Channel:
    return make_channel("shop")


@pytest.fixture
def partly_released(channel: Channel) -> dict[str, Any]:
    """The message of an order of 12 units, ten of which are in the warehouse."""
    stock(make_warehouse(), make_sku("MUG", unit_price="10.00"), 10)
    body = payload(("MUG", 12))
    send(channel, body)
    drain(only=STAGES)
    assert Order.objects.get().released_at is None
    return body


def moved(body: dict[str, Any], street: str, **fields: Any) -> dict[str, Any]:
    return body | {"shipping_address": body["shipping_address"] | {"street": street}} | fields


def test_a_change_of_a_partly_released_order_asks_a_person_and_stops_no_other(channel, partly_released):
    changed, other = moved(partly_released, "文三路 91 号"), payload(("MUG", 1))
    results = send(channel, changed, other)
    assert [result.outcome for result in results] == ["updated", "accepted"]
    assert results[0].errors[0]["code"] == "after_release"
    order = Order.objects.get(external_id=changed["external_id"])
    assert (order.ship_street, order.status) == (partly_released["shipping_address"]["street"], OrderStatus.APPROVED)
    assert Case.objects.filter(type=CHANNEL_CHANGE, subject_id=order.pk).exists()


@pytest.mark.parametrize(
    ("missing", "field", "value", "count"),
    [
        ("name", "name", "王大明", 1),
        ("phone", "phone", "13900000009", 1),
        (None, "name", "王大明", 0),
        ("name", "email", "new@example.com", 0),
    ],
)
def test_a_buyer_whom_the_label_names_gets_another_label(channel, missing, field, value, count):
    stock(make_warehouse(), make_sku("MUG", unit_price="10.00"), 10)
    body = payload(("MUG", 1))
    body["customer"] = {"name": "王小明", "phone": "13800000001", "email": "old@example.com"}
    send(channel, body)
    drain(only=STAGES)
    part = FulfilmentOrder.objects.get(status=FulfilmentStatus.RELEASED)
    if missing:
        Order.objects.update(**{f"ship_{missing}": ""})
    send(channel, body | {"customer": body["customer"] | {field: value}})
    events = OutboxEvent.objects.filter(name="orders.readdressed").values_list("payload", flat=True)
    assert list(events) == [{"fulfilment_ids": [part.pk], "has_moved": False}] * count


def test_a_cancellation_of_a_partly_released_order_asks_a_person_and_changes_no_sum(channel, partly_released):
    off = payload(("MUG", 1)) | {"external_id": partly_released["external_id"], "cancelled_at": AT.isoformat()}
    (result,) = send(channel, off)
    assert result.errors[0]["code"] == "cancellation_requested"
    order = Order.objects.get()
    assert (order.status, order.unit_count, order.line_count) == (OrderStatus.APPROVED, 12, 1)
    assert Case.objects.filter(type=CUSTOMER_CANCELLATION).exists()


def test_a_cancelled_order_that_the_channel_takes_up_again_asks_a_person(channel):
    body = payload(("MUG", 1))
    send(channel, body | {"payment": {"status": "voided"}})
    assert Order.objects.get().status == OrderStatus.CANCELLED
    (result,) = send(channel, body | {"payment": {"status": "paid"}})
    assert result.errors[0]["code"] == "after_release"
    assert Case.objects.get().type == CHANNEL_CHANGE


def test_an_older_version_that_was_read_too_early_doesn_t_win(channel, monkeypatch):
    """Two versions at once: the older one looked at the order before the newer one was taken over."""
    body = payload(("MUG", 1))
    second = moved(body, "文三路 2 号", updated_at="2026-03-02T09:00:00Z")
    third = moved(body, "文三路 3 号", updated_at="2026-03-02T10:00:00Z")
    send(channel, body)
    known_orders = intake.known_orders  # type: ignore[attr-defined]

    def overtaken(*args: Any) -> Any:
        found = known_orders(*args)
        monkeypatch.setattr(intake, "known_orders", known_orders)
        send(channel, third)
        return found

    monkeypatch.setattr(intake, "known_orders", overtaken)
    (result,) = send(channel, second)
    order = Order.objects.get()
    assert (result.outcome, order.ship_street) == ("duplicate", "文三路 3 号")
    assert order.channel_updated_at.hour == 10


def test_the_newest_version_is_taken_over_whatever_was_repeated_last(channel):
    stock(make_warehouse(), make_sku("MUG", unit_price="10.00"), 10)
    first = payload(("MUG", 1)) | {"updated_at": "2026-03-02T09:00:00Z"}
    second = moved(first, "文三路 2 号", updated_at="2026-03-02T10:00:00Z")
    send(channel, first)
    drain(only=STAGES)
    send(channel, second)
    send(channel, first)  # a late repetition
    order = accept_channel_change(order_id=Order.objects.get().pk, actor=SYSTEM)
    order.refresh_from_db()
    assert order.ship_street == "文三路 2 号"


def test_an_order_entered_under_a_number_that_is_taken_changes_nothing(channel):
    body = payload(("MUG", 3))
    send(channel, body)
    address = {name: body["shipping_address"][name] for name in body["shipping_address"]}
    values = address | {
        "external_id": body["external_id"], "buyer_name": "Somebody", "buyer_email": "", "buyer_phone": "",
        "shipping_fee": None, "discount": None, "payment_status": "paid", "payment_method": "", "buyer_note": "",
    }  # fmt: skip
    line = {"row": 0, "sku": "MUG", "quantity": 1, "price": "10.00"}
    with pytest.raises(DomainError, match="has this number already"):
        enter_order(channel=channel, values=values, lines=[line], actor=SYSTEM, at=AT)
    order = Order.objects.get()
    assert (order.unit_count, order.buyer_name) == (3, "王小明")


def test_what_makes_orders_alike_follows_from_all_that_the_order_holds_after_a_change(channel):
    """The channel changes the goods, a person had corrected the address; and the other way round."""
    body = payload(("MUG", 1))
    send(channel, body)
    order = Order.objects.get()
    edit_order(order_id=order.pk, changes={"ship_street": "Corrected 7"}, actor=SYSTEM)
    send(channel, body | payload(("MUG", 2), external_id=body["external_id"], customer=body["customer"]))
    order.refresh_from_db()
    assert (order.ship_street, order.unit_count) == ("Corrected 7", 2)
    assert order.duplicate_key == duplicate_key_of(order)
    edit_line(order_id=order.pk, line_id=order.lines.get().pk, changes={"quantity": 5}, actor=SYSTEM)
    send(channel, moved(payload(("MUG", 2), external_id=body["external_id"], customer=body["customer"]), "Elsewhere 9"))
    order.refresh_from_db()
    assert (order.ship_street, order.unit_count) == ("Elsewhere 9", 5)
    assert order.duplicate_key == duplicate_key_of(order)

"""Holds until a date: released when it has come, each for itself."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from core.actor import SYSTEM
from core.stages import drain
from orders.enums import HoldReason, OrderStatus
from orders.models import Hold, Order
from orders.services.approval import approve_orders
from orders.services.holds import LOOK_AGAIN_AFTER, hold_order, release_due_batch
from tests.factories.orders import make_order

pytestmark = pytest.mark.django_db


def held(channel, minutes_ago: int, sku: str = "MUG", reason: HoldReason = HoldReason.UNTIL_DATE) -> Hold:
    """A hold whose date came so many minutes ago."""
    order = make_order(channel, (sku, 1))
    now = datetime.now(UTC)
    hold = hold_order(order_id=order.pk, reason=reason, actor=SYSTEM, until=now + timedelta(hours=1))
    Hold.objects.filter(pk=hold.pk).update(until=now - timedelta(minutes=minutes_ago))
    return hold


def is_open(hold: Hold) -> bool:
    hold.refresh_from_db()
    return hold.released_at is None


def test_what_is_due_is_released_and_the_order_goes_on(channel, sku):
    due, later = held(channel, minutes_ago=1), held(channel, minutes_ago=-1)
    assert release_due_batch(10) == 1
    assert (is_open(due), is_open(later)) == (False, True)
    assert Order.objects.get(pk=due.order_id).status == OrderStatus.APPROVED


def test_one_that_fails_stops_no_other(channel, sku, monkeypatch, caplog):
    poisoned, behind = held(channel, minutes_ago=9), held(channel, minutes_ago=1)

    def fail(orders, **values):
        if orders[0].pk == poisoned.order_id:
            raise ZeroDivisionError
        approve_orders(orders, **values)

    monkeypatch.setattr("orders.services.holds.approve_orders", fail)
    with caplog.at_level(logging.ERROR):
        drain(only=["orders.holds_due"])
    assert [record.getMessage() for record in caplog.records] == [f"Hold {poisoned.pk} can't be released"]
    assert (is_open(poisoned), is_open(behind)) == (True, False)
    assert Order.objects.get(pk=poisoned.order_id).open_hold_count == 1, "nothing half-done"
    monkeypatch.undo()
    Hold.objects.filter(pk=poisoned.pk).update(until=poisoned.until - LOOK_AGAIN_AFTER)
    drain(only=["orders.holds_due"])
    assert not is_open(poisoned)


def test_those_that_may_not_be_released_dont_take_the_places_of_others(channel, sku):
    unknown = held(channel, minutes_ago=9, sku="NOBODY-KNOWS", reason=HoldReason.STOCK)
    behind = held(channel, minutes_ago=1)
    assert [release_due_batch(1), release_due_batch(1), release_due_batch(1)] == [1, 1, 0]
    assert (is_open(unknown), is_open(behind)) == (True, False)

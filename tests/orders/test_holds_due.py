"""Holds until a date: released when it has come, each for itself."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from core.actor import SYSTEM
from core.models import StageRun
from core.stages import run_stage, stages
from orders.enums import HoldReason, OrderStatus
from orders.models import Hold, Order
from orders.services.approval import approve_orders
from orders.services.holds import hold_order, release_due_batch
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


def test_those_that_fail_stop_no_other_and_show(channel, sku, monkeypatch, caplog):
    poisoned = [held(channel, minutes_ago=9), held(channel, minutes_ago=8)]
    behind = [held(channel, minutes_ago=1), held(channel, minutes_ago=2)]
    until = [hold.until for hold in Hold.objects.order_by("pk")]

    def fail(orders, **values):
        if orders[0].pk in {hold.order_id for hold in poisoned}:
            raise ZeroDivisionError
        approve_orders(orders, **values)

    monkeypatch.setattr("orders.services.holds.approve_orders", fail)
    with caplog.at_level(logging.ERROR):
        assert [release_due_batch(1), release_due_batch(1)] == [1, 1]
        assert f"Hold {poisoned[0].pk} can't be released" in caplog.messages
        assert [is_open(hold) for hold in poisoned + behind] == [True, True, False, False]
        run_stage("orders.holds_due")
    run = StageRun.objects.get(name="orders.holds_due")
    assert run.failures == 1
    assert f"2 holds can't be released, among them {poisoned[0].pk}, {poisoned[1].pk}" in run.last_error
    assert Order.objects.get(pk=poisoned[0].order_id).open_hold_count == 1, "nothing half-done"
    assert [hold.until for hold in Hold.objects.order_by("pk")] == until, "what people have written stays"
    monkeypatch.undo()
    assert release_due_batch(10) == 2


def test_what_waits_for_an_article_isnt_due_before_it_is_known(channel, sku):
    unknown = held(channel, minutes_ago=9, sku="NOBODY-KNOWS", reason=HoldReason.STOCK)
    known = held(channel, minutes_ago=1, reason=HoldReason.STOCK)
    assert [release_due_batch(1), release_due_batch(1)] == [1, 0]
    assert (is_open(unknown), is_open(known)) == (True, False)
    assert stage_due("orders.holds_due") == 0
    unknown.order.lines.update(sku=sku)
    assert stage_due("orders.holds_due") == 1
    assert release_due_batch(1) == 1


def stage_due(name: str) -> int:
    return next(stage for stage in stages() if stage.name == name).due().count

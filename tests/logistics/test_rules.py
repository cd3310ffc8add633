"""The pure rules: states, intervals, choices, promises."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logistics.enums import ShipmentStatus
from logistics.rules.breaker import OPENS_AFTER, pause_after
from logistics.rules.carrier_choice import ChoiceRule, ParcelFacts, choose
from logistics.rules.delivery_estimate import Journey, Transit, estimate_delivery, pick_transit
from logistics.rules.label_retry import MAX_ATTEMPTS, retry_label_after
from logistics.rules.polling import next_interval, quiet_limit, retry_after_failure
from logistics.rules.tracking_status import Seen, rank, settle

S = ShipmentStatus
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


def seen(*pairs):
    return [Seen(T0 + timedelta(hours=hours), status) for hours, status in pairs]


def test_every_status_has_its_own_rank():
    assert len({rank(status) for status in S}) == len(S)
    assert rank("") == 0


def test_the_order_of_arrival_changes_nothing():
    events = seen((0, S.PICKED_UP), (5, S.IN_TRANSIT), (9, S.ATTEMPT_FAILED), (20, S.OUT_FOR_DELIVERY))
    assert {settle(S.LABEL_CREATED, order) for order in permutations(events)} == {S.OUT_FOR_DELIVERY}


@pytest.mark.parametrize(
    ("current", "events", "after"),
    [
        (S.LABEL_CREATED, [], S.LABEL_CREATED),
        (S.LABEL_CREATED, [(0, S.PICKED_UP)], S.PICKED_UP),
        (S.IN_TRANSIT, [(0, S.LABEL_CREATED)], S.IN_TRANSIT),
        (S.IN_TRANSIT, [(5, S.DELIVERED), (6, S.IN_TRANSIT)], S.DELIVERED),
        (S.IN_TRANSIT, [(5, S.OUT_FOR_DELIVERY), (5, S.IN_TRANSIT)], S.OUT_FOR_DELIVERY),
        (S.DELIVERED, [(9, S.EXCEPTION)], S.DELIVERED),
        (S.RETURNED, [(9, S.DELIVERED)], S.RETURNED),
        (S.CANCELLED, [(9, S.PICKED_UP)], S.CANCELLED),
        (S.LOST, [(9, S.IN_TRANSIT)], S.LOST),
        (S.LOST, [(9, S.DELIVERED)], S.DELIVERED),
        (S.EXPIRED, [(9, S.DELIVERED)], S.DELIVERED),
        (S.ATTEMPT_FAILED, [(1, S.ATTEMPT_FAILED), (2, S.OUT_FOR_DELIVERY)], S.OUT_FOR_DELIVERY),
    ],
)
def test_settle(current, events, after):
    assert settle(current, seen(*events)) == after


def interval(status=S.IN_TRANSIT, quiet=timedelta(0), pushes=False, scale=1, jitter=0.5) -> Any:
    return next_interval(status=status, quiet_for=quiet, pushes=pushes, time_scale=scale, jitter=jitter)


def test_the_interval_follows_the_state_the_age_and_the_clock():
    assert interval(S.OUT_FOR_DELIVERY) < interval(S.IN_TRANSIT)
    assert interval(pushes=True) > interval()
    assert interval() < interval(quiet=timedelta(days=4)) <= timedelta(hours=24)
    assert interval(scale=1440) == pytest.approx(interval() / 1440, rel=0.01)
    assert interval(S.OUT_FOR_DELIVERY, scale=100_000) >= timedelta(seconds=2)
    assert interval(jitter=0.0) < interval(jitter=0.99)


def test_nothing_more_is_asked_about_what_is_finished_or_given_up():
    assert all(interval(status) is None for status in S.TERMINAL)
    assert interval(S.PENDING) is None
    assert interval(quiet=timedelta(days=61)) is None
    assert all(interval(status) is not None for status in S.MOVING)


def test_failures_wait_longer_and_longer_but_not_for_ever():
    waits = [retry_after_failure(failures=n, time_scale=1, jitter=0.5) for n in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(minutes=1)
    assert waits[-1] <= timedelta(hours=6)


def test_every_moving_state_has_a_limit_of_silence():
    assert all(quiet_limit(status) >= timedelta(days=2) for status in S.MOVING)


def test_labels_are_retried_until_it_is_a_persons_turn():
    assert retry_label_after(attempts=1, jitter=1) == timedelta(seconds=30)
    assert (retry_label_after(attempts=MAX_ATTEMPTS - 1, jitter=1) or timedelta(0)) > timedelta(minutes=5)
    assert retry_label_after(attempts=MAX_ATTEMPTS, jitter=1) is None


def test_the_breaker_pauses_longer_with_every_round_of_failures():
    assert pause_after(OPENS_AFTER - 1) is None
    pauses = [pause_after(OPENS_AFTER * n) or timedelta(0) for n in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=30)
    assert pauses[-1] == timedelta(minutes=10)


FACTS = ParcelFacts(1, 2, "CN", "广东省", 1500, Decimal(200), "CNY")


@pytest.mark.parametrize(
    ("conditions", "takes"),
    [
        ({}, True),
        ({"warehouse_id": 1}, True),
        ({"warehouse_id": 9}, False),
        ({"channel_id": 9}, False),
        ({"countries": frozenset({"CN", "HK"})}, True),
        ({"countries": frozenset({"US"})}, False),
        ({"provinces": frozenset({"广东"})}, True),
        ({"provinces": frozenset({"广西"})}, False),
        ({"max_weight_g": 1500}, True),
        ({"max_weight_g": 1499}, False),
        ({"min_total": Decimal(200)}, True),
        ({"min_total": Decimal(200), "currency": "USD"}, False),
        ({"min_total": Decimal(201), "currency": "CNY"}, False),
    ],
)
def test_a_rule_takes_a_parcel_when_all_its_conditions_hold(conditions, takes):
    rule = ChoiceRule(1, 7, "", **conditions)
    assert (choose([rule], FACTS) == rule) is takes


def test_the_first_rule_that_fits_wins():
    rules = [ChoiceRule(1, 7, "", countries=frozenset({"US"})), ChoiceRule(2, 8, "express"), ChoiceRule(3, 9, "")]
    assert choose(rules, FACTS) == rules[1]
    assert choose([], FACTS) is None


def test_the_most_specific_transit_time_wins():
    everywhere, china, tibet, express = (
        Transit(10), Transit(3, country="CN"), Transit(7, country="CN", province="西藏"),
        Transit(2, country="CN", service="express"),
    )  # fmt: skip
    rows = [everywhere, china, tibet, express]
    assert pick_transit(rows, Journey("", "CN", "CN", "广东省")) == china
    assert pick_transit(rows, Journey("", "CN", "CN", "西藏自治区")) == tibet
    assert pick_transit(rows, Journey("express", "CN", "CN", "广东省")) == express
    assert pick_transit(rows, Journey("", "CN", "FR", "")) == everywhere
    assert pick_transit([tibet], Journey("", "CN", "CN", "")) is None


SHANGHAI = ZoneInfo("Asia/Shanghai")


def promise(at, days, *, business=False, holidays=(), cut_off=time(17), scale=1):
    return estimate_delivery(
        handed_over_at=at,
        transit=Transit(days, business_days_only=business),
        zone=SHANGHAI,
        cut_off=cut_off,
        is_holiday=lambda day: day in holidays,
        time_scale=scale,
    ).astimezone(SHANGHAI)


def test_a_promise_counts_days_from_the_hand_over():
    friday = datetime(2026, 3, 6, 15, tzinfo=SHANGHAI)
    assert promise(friday, 2).date() == date(2026, 3, 8)
    assert promise(friday, 2, business=True).date() == date(2026, 3, 10)
    assert promise(friday, 2, business=True, holidays={date(2026, 3, 9)}).date() == date(2026, 3, 11)
    late = datetime(2026, 3, 6, 18, tzinfo=SHANGHAI)
    assert promise(late, 2).date() == date(2026, 3, 9)
    assert promise(late, 2, cut_off=None).date() == date(2026, 3, 8)


def test_a_promise_shrinks_with_the_sandboxs_clock():
    at = datetime(2026, 3, 6, 20, tzinfo=SHANGHAI)
    assert promise(at, 1, cut_off=None, scale=1440) == at + timedelta(minutes=1)

"""A person and a carrier at once: both get through, and the parcel's state and case agree."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.models import Case
from core.cases.services import open_cases, resolve
from core.exceptions import DomainError
from core.stages import drain
from inventory.locks import lock_levels
from inventory.selectors import stock_differences
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.codes import ATTEMPT_FAILED
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import DeliveryRating, Shipment
from logistics.services.consequences import seed
from logistics.services.health import CallOutcomes, record_outcomes
from logistics.services.ingest import Arrival, ingest
from logistics.services.public import rate_delivery
from logistics.services.shipments import create_shipments
from orders.enums import FulfilmentStatus
from orders.models import FulfilmentOrder, Order
from orders.services.fulfilment import record_shipped
from tests.core.threads import lock_around, raise_errors, run_together
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment, pack

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus


@pytest.mark.parametrize("round_", range(3))
def test_settling_a_case_while_news_clears_it_is_no_deadlock(round_):
    part, now = make_fulfilment(), timezone.now()
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    parcel = make_shipment(make_carrier(), part, status=S.ATTEMPT_FAILED)
    cause = seed(parcel, ATTEMPT_FAILED, str(S.ATTEMPT_FAILED), channel_id=None, cause_at=now)
    (case_id,) = open_cases([cause])
    delivered = TrackEvent(now + timedelta(minutes=1), "delivered", S.DELIVERED, "深圳")
    news = Arrival(parcel.pk, TrackResult(parcel.tracking_number, events=(delivered,)), EventSource.PUSH)
    results = run_together(
        lambda: resolve(case_id=case_id, resolution="settle", actor=SYSTEM, params={"reason": "rang the customer"}),
        lambda: ingest([news], at=now),
    )
    # refused where the news came first and closed the case; never a deadlock
    raise_errors([result for result in results if type(result).__name__ != "IllegalTransition"])
    drain(only=["cases.verify"])
    parcel.refresh_from_db()
    assert (parcel.status, Case.objects.get(pk=case_id).status) == (S.DELIVERED, "verified")


def test_parcels_that_leave_at_different_moments_take_stock_without_a_deadlock():
    """Whoever allocates has the first level and wants the second; the parcels' news begin with the second."""
    parts, now = [make_fulfilment(), make_fulfilment()], timezone.now()
    for part in parts:
        pack(part)
    carrier = make_carrier()
    parcels = [
        make_shipment(carrier, part, status=S.LABEL_CREATED, tracking_number=f"SF{part.pk}") for part in reversed(parts)
    ]
    news = [
        Arrival(
            parcel.pk,
            TrackResult(
                parcel.tracking_number,
                events=(TrackEvent(now - timedelta(hours=hour), "picked up", S.PICKED_UP, "深圳"),),
            ),
            EventSource.PUSH,
        )
        for hour, parcel in enumerate(parcels)
    ]
    pairs = [(part.warehouse_id or 0, part.lines.get().sku_id) for part in parts]

    raise_errors(lock_around(lambda pair: lock_levels([pair]), pairs, lambda: ingest(news, at=now)))
    assert not FulfilmentOrder.objects.exclude(status=FulfilmentStatus.SHIPPED).exists()
    assert stock_differences() == []


def test_workers_that_fail_together_are_all_counted():
    carrier, now = make_carrier(), timezone.now()
    outcome = CallOutcomes(carrier.pk, 0, 1, "timed out")

    def fail() -> None:
        with transaction.atomic():
            record_outcomes([outcome], at=now)

    raise_errors(run_together(*[fail] * 4))
    carrier.refresh_from_db()
    assert carrier.consecutive_failures == 4


def test_of_ratings_sent_at_once_one_counts():
    part = make_fulfilment()
    Order.objects.filter(pk=part.order_id).update(delivered_at=timezone.now())
    results = run_together(*[lambda: rate_delivery(order_id=part.order_id, stars=5)] * 4)
    refused = [result for result in results if isinstance(result, DomainError)]
    assert ([error.code for error in refused], DeliveryRating.objects.count()) == (["rated_already"] * 3, 1)


def test_events_that_arrive_twice_at_once_are_kept_once():
    """A push and a poll bring the same news."""
    parcel, now = make_shipment(make_carrier(), status=S.LABEL_CREATED, tracking_number="SF1234567890"), timezone.now()
    news = TrackResult(parcel.tracking_number, events=(TrackEvent(now, "picked up", S.PICKED_UP, "深圳"),))
    raise_errors(
        run_together(
            *[
                lambda source=source: ingest([Arrival(parcel.pk, news, source)], at=now)
                for source in (EventSource.PUSH, EventSource.POLL, EventSource.PUSH)
            ]
        )
    )
    parcel.refresh_from_db()
    assert (parcel.status, parcel.events.count()) == (S.PICKED_UP, 1)


def test_events_that_release_twice_make_one_parcel_each():
    parts = [make_fulfilment().pk for _number in range(3)]
    raise_errors(run_together(*[lambda: create_shipments(fulfilment_ids=parts)] * 3))
    assert sorted(Shipment.objects.values_list("fulfilment_id", flat=True)) == sorted(parts)

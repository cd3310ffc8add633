"""A person and a carrier at once: both get through, and the parcel's state and case agree."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.models import Case
from core.cases.services import open_cases, resolve
from core.stages import drain
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.codes import ATTEMPT_FAILED
from logistics.enums import EventSource, ShipmentStatus
from logistics.services.consequences import seed
from logistics.services.ingest import Arrival, ingest
from orders.services.fulfilment import record_shipped
from tests.core.threads import raise_errors, run_together
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

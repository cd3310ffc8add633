"""Carriers that answer anything at all: an adapter gives a usable value or says what is wrong, and no more."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import net
from core.stages import drain
from logistics.carriers.base import CarrierError, Connection, ShipmentRequest, TrackQuery, TrackResult
from logistics.carriers.registry import adapter_codes, adapter_for
from logistics.codes import LABEL, POLL
from logistics.enums import EventSource, ShipmentStatus
from logistics.models import Shipment, TrackingEvent
from logistics.sandbox.http import Request, Response
from logistics.sandbox.server import Sandbox, serving
from logistics.services.ingest import Arrival, ingest
from tests.factories.accounts import make_superuser
from tests.factories.logistics import make_carrier, make_fulfilment, make_fulfilments, make_rule, make_shipment
from tests.logistics.test_adapters import CASES, SHENZHEN, VASE
from tests.security.junk import garbled

ROUNDS = 150


class Garbling(Sandbox):
    """The carrier sandbox, whose answers suffer on the way once `garbles` is on."""

    def __init__(self) -> None:
        super().__init__(speed=1.0, rates={})
        self.garbles = False
        self.dice = random.Random(3)

    def respond(self, request: Request) -> Response:
        answer = super().respond(request)
        if self.garbles and not request.path.startswith("/control"):
            answer.body = garbled(answer.body, self.dice)
        return answer


@pytest.fixture
def sandbox(settings) -> Iterator[Any]:
    garbling = Garbling()
    with serving(garbling, port=0) as port:
        settings.OUTGOING_ALLOWED_HOSTS = [f"127.0.0.1:{port}"]
        yield garbling, f"http://127.0.0.1:{port}"
        net.close_connections()


def order(recipient: Any, number: int, **values: Any) -> ShipmentRequest:
    return ShipmentRequest(
        reference=f"SH{number:08d}", service="", sender=SHENZHEN, recipient=recipient, weight_g=500, items=[VASE],
        **values,
    )  # fmt: skip


@pytest.mark.parametrize("code", adapter_codes())
def test_every_adapter_understands_or_says_that_it_does_not(sandbox, code):
    garbling, url = sandbox
    credentials, options, recipient, _path = CASES[code]
    adapter = adapter_for(code, Connection(code=code, base_url=url, credentials=credentials, options=options))
    known = adapter.create_label(order(recipient, 0)).tracking_number
    garbling.garbles = True
    calls = [
        lambda n: adapter.create_label(order(recipient, n)),
        lambda n: adapter.recover_label(order(recipient, n, may_exist=True)),
        lambda n: adapter.cancel_label(tracking_number=known),
        lambda n: adapter.track([TrackQuery(known)]),
        *([lambda n: adapter.subscribe(TrackQuery(known))] if adapter.pushes else []),
    ]
    outcomes = [_outcome(calls[number % len(calls)], number) for number in range(1, ROUNDS)]
    assert ROUNDS / 5 < sum(isinstance(outcome, CarrierError) for outcome in outcomes) < ROUNDS
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, CarrierError)}.isdisjoint({""})


def _outcome(call: Callable[[int], Any], number: int) -> Any:
    """The answer or the error that a caller is prepared for; any other error fails the test."""
    try:
        return call(number)
    except CarrierError as error:
        return error


@pytest.mark.django_db
@pytest.mark.parametrize("code", adapter_codes())
def test_whatever_an_adapter_understood_can_be_kept_and_shown(sandbox, code):
    garbling, url = sandbox
    credentials, options, recipient, _path = CASES[code]
    adapter = adapter_for(code, Connection(code=code, base_url=url, credentials=credentials, options=options))
    number = adapter.create_label(order(recipient, 0)).tracking_number
    adapter.track([TrackQuery(number)])
    parcel = make_shipment(make_carrier(code, adapter=code), make_fulfilment(), tracking_number=number)
    client = Client()
    client.force_login(make_superuser(), "core.accounts.backends.RoleBackend")
    garbling.garbles = True
    results = [result for _ in range(ROUNDS) for result in _tracked(adapter, number)]
    assert len(results) > ROUNDS / 10
    for result in results:
        ingest([Arrival(parcel.pk, result, EventSource.POLL)], at=timezone.now())
    assert TrackingEvent.objects.count() > 1
    assert client.get(reverse("logistics:shipment_detail", args=[parcel.pk])).status_code == 200
    assert client.get(reverse("orders:order_detail", args=[parcel.order_id])).status_code == 200


def _tracked(adapter: Any, number: str) -> list[TrackResult]:
    try:
        return list(adapter.track([TrackQuery(number)]))
    except CarrierError:
        return []


@pytest.mark.django_db
@pytest.mark.parametrize("code", adapter_codes())
def test_garbled_labels_and_polls_hold_nothing_up(sandbox, code):
    """Through the stages: every parcel gets its label or a reason, and what was kept is complete."""
    garbling, url = sandbox
    credentials, _options, _recipient, _path = CASES[code]
    carrier = make_carrier(code, adapter=code, base_url=url, credentials=credentials, consecutive_failures=0)
    make_rule(carrier)
    make_fulfilments(30)
    drain(only=["outbox.relay"])
    assert Shipment.objects.count() == 30
    garbling.garbles = True
    drain(only=[LABEL])
    for parcel in Shipment.objects.select_related("label"):
        has_label = hasattr(parcel, "label")
        assert has_label == (parcel.status == ShipmentStatus.LABEL_CREATED) == bool(parcel.tracking_number)
        assert has_label or parcel.label_error or parcel.label_due_at
    Shipment.objects.exclude(tracking_number="").update(
        status=ShipmentStatus.IN_TRANSIT, next_poll_at=timezone.now(), handed_over_at=timezone.now()
    )
    drain(only=[POLL])
    assert not Shipment.objects.filter(next_poll_at__lte=timezone.now(), tracking_number__gt="").exists()

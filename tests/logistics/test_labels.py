"""Labels: bought once, whatever breaks in between."""

import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone, translation

from core.actor import SYSTEM
from core.cases.models import Case
from core.cases.words import summary_of
from core.exceptions import DomainError, NotFound
from core.outbox.models import OutboxEvent
from inventory.models import Warehouse
from logistics.carriers.base import Label
from logistics.carriers.kuaidi100.adapter import Kuaidi100Adapter
from logistics.enums import ShipmentStatus
from logistics.filters import ShipmentFilter
from logistics.models import Carrier, Shipment, ShipmentLabel
from logistics.rules.label_retry import MAX_ATTEMPTS
from logistics.services.labels import label_batch
from logistics.services.problems import ship_again
from logistics.services.shipments import (
    cancel_shipments,
    change_carrier,
    create_shipments,
    poll_now,
    retry_label,
)
from orders.models import Order
from tests.factories.accounts import make_superuser
from tests.factories.logistics import (
    make_carrier,
    make_fulfilment,
    make_fulfilments,
    make_rule,
    make_shipment,
    make_ups,
)

pytestmark = pytest.mark.django_db(transaction=True)

S = ShipmentStatus


def waiting(count=1):
    parts = make_fulfilments(count)
    ids = create_shipments(fulfilment_ids=[part.pk for part in parts])
    return list(Shipment.objects.filter(pk__in=ids).order_by("pk"))


def due_now():
    Shipment.objects.filter(label_due_at__isnull=False).update(label_due_at=timezone.now())


def bought(sandbox):
    return sandbox.control()["parcels"]


def test_a_shipment_is_made_once_per_fulfilment_order(rule):
    part = make_fulfilment()
    first = create_shipments(fulfilment_ids=[part.pk, part.pk])
    assert len(first) == 1
    assert create_shipments(fulfilment_ids=[part.pk]) == []
    shipment = Shipment.objects.get()
    assert shipment.number == f"SH{shipment.pk:08d}"
    assert (shipment.weight_g, shipment.destination_country, shipment.status) == (300, "CN", S.PENDING)


def test_a_batch_of_labels(rule, sandbox):
    waiting(5)
    assert label_batch(50) == 5
    assert label_batch(50) == 0
    labelled = Shipment.objects.filter(status=S.LABEL_CREATED)
    assert len({shipment.tracking_number for shipment in labelled}) == 5
    assert ShipmentLabel.objects.count() == 5
    assert all(bytes(label.pdf).startswith(b"%PDF") for label in ShipmentLabel.objects.all())
    assert OutboxEvent.objects.filter(name="logistics.labelled").count() == 1


def test_two_workers_never_buy_the_same_label(rule, sandbox):
    waiting(12)
    start = threading.Barrier(3)

    def worker():
        start.wait()
        while label_batch(3):
            pass
        connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Shipment.objects.filter(status=S.LABEL_CREATED, label_attempts=1).count() == 12
    assert bought(sandbox) == sandbox.control()["requests"] == 12


KILLED = """
import os, django
django.setup()
from django.conf import settings
settings.OUTGOING_ALLOWED_HOSTS = [os.environ["SANDBOX"]]
from logistics.services import labels
def die(outcomes, at):
    print("called", flush=True)
    import time; time.sleep(60)
labels._save = die
labels.label_batch(10)
"""


def rule_for(kind, sandbox):
    return make_rule(make_carrier(base_url=sandbox.url) if kind == "kuaidi100" else make_ups(base_url=sandbox.url))


def killed_while_buying(sandbox, child_environment):
    """A worker that dies after the carrier answered and before anything is saved."""
    environment = child_environment | {"SANDBOX": f"127.0.0.1:{sandbox.port}"}
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    try:
        assert worker.stdout.readline() == "called\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()


@pytest.mark.parametrize("kind", ["kuaidi100", "ups"])
def test_a_worker_killed_between_call_and_save_never_buys_twice(sandbox, child_environment, kind):
    rule_for(kind, sandbox)
    (shipment,) = waiting()
    killed_while_buying(sandbox, child_environment)
    shipment.refresh_from_db()
    assert bought(sandbox) == 1
    assert (shipment.status, shipment.tracking_number) == (S.PENDING, "")
    assert shipment.label_requested_at
    assert label_batch(10) == 0  # still claimed by the dead worker
    due_now()
    assert label_batch(10) == 1
    shipment.refresh_from_db()
    assert shipment.status == S.LABEL_CREATED
    assert shipment.label_requested_at is None
    assert bought(sandbox) == 1
    assert shipment.label_attempts == 2


@pytest.mark.parametrize("kind", ["kuaidi100", "ups"])
def test_a_label_that_a_killed_worker_bought_is_given_back_when_its_order_is_cancelled(
    sandbox, child_environment, kind
):
    rule_for(kind, sandbox)
    (shipment,) = waiting()
    killed_while_buying(sandbox, child_environment)
    cancel_shipments(fulfilment_ids=[shipment.fulfilment_id])
    assert label_batch(10) == 0  # the dead worker's claim could be a live one's
    due_now()
    assert label_batch(10) == 1  # found
    assert label_batch(10) == 1  # given back
    assert label_batch(10) == 0
    shipment.refresh_from_db()
    assert (shipment.status, bool(shipment.tracking_number)) == (S.CANCELLED, True)
    assert (shipment.label_due_at, shipment.label_requested_at) == (None, None)
    assert (bought(sandbox), sandbox.control()["voided"]) == (1, 1)
    assert not ShipmentLabel.objects.exists()


def test_an_attempt_that_bought_nothing_ends_with_its_cancellation(sandbox):
    make_rule(make_ups(base_url=sandbox.url))
    (shipment,) = waiting()
    sandbox.fault("fail", path="/security", count=1)
    label_batch(10)
    cancel_shipments(fulfilment_ids=[shipment.fulfilment_id])
    due_now()
    assert label_batch(10) == 1
    shipment.refresh_from_db()
    assert (shipment.tracking_number, shipment.label_due_at, shipment.label_requested_at) == ("", None, None)
    assert bought(sandbox) == 0


def test_a_timeout_that_bought_a_label_is_found_again(sandbox):
    make_rule(make_ups(base_url=sandbox.url, timeout_seconds=1))
    (shipment,) = waiting()
    sandbox.fault("delay", path="/api/shipments", seconds=2, count=1)
    label_batch(10)
    shipment.refresh_from_db()
    assert shipment.status == S.PENDING
    assert shipment.label_error
    assert shipment.label_due_at < timezone.now() + timedelta(minutes=1)
    time.sleep(1.2)
    due_now()
    label_batch(10)
    shipment.refresh_from_db()
    assert shipment.status == S.LABEL_CREATED
    assert bought(sandbox) == 1


def test_a_carrier_that_is_down_is_tried_again_and_then_a_person_is_asked(carrier, sandbox):
    make_rule(carrier)
    (shipment,) = waiting()
    sandbox.fault("fail", path="/label/order")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        type(carrier).objects.update(consecutive_failures=0, circuit_open_until=None)
        due_now()
        assert label_batch(10) == 1
        shipment.refresh_from_db()
        assert shipment.label_attempts == attempt
        assert (shipment.label_due_at is None) is (attempt == MAX_ATTEMPTS)
    case = Case.objects.get()
    assert (case.type, case.subject_id) == ("logistics.label_failed", shipment.pk)
    sandbox.control("faults", method="DELETE")
    type(carrier).objects.update(consecutive_failures=0, circuit_open_until=None)
    retry_label(shipment_id=shipment.pk, actor=SYSTEM)
    assert label_batch(10) == 1
    shipment.refresh_from_db()
    case.refresh_from_db()
    assert (shipment.status, shipment.label_error) == (S.LABEL_CREATED, "")
    assert case.status == "verified"


def test_a_refusal_is_not_repeated(carrier, sandbox):
    make_rule(carrier)
    part = make_fulfilment()
    Warehouse.objects.update(phone="")
    create_shipments(fulfilment_ids=[part.pk])
    label_batch(10)
    shipment = Shipment.objects.get()
    assert "sendMan.mobile" in shipment.label_error
    assert shipment.label_due_at is None
    assert shipment.label_requested_at is None
    assert Case.objects.get().type == "logistics.label_failed"
    carrier.refresh_from_db()
    assert carrier.consecutive_failures == 0  # the carrier answered


def test_a_cancellation_while_the_carrier_is_asked_gives_the_label_back(rule, sandbox, monkeypatch):
    (shipment,) = waiting()
    real = Kuaidi100Adapter.create_label

    def slow(self, request):
        label = real(self, request)
        worker = threading.Thread(target=_cancel, args=(shipment.fulfilment_id,))
        worker.start()
        worker.join()
        return label

    monkeypatch.setattr(Kuaidi100Adapter, "create_label", slow)
    label_batch(10)
    shipment.refresh_from_db()
    assert (shipment.status, bool(shipment.tracking_number)) == (S.CANCELLED, True)
    assert label_batch(10) == 1
    shipment.refresh_from_db()
    assert shipment.label_due_at is None
    assert sandbox.control()["requests"] == 2
    assert not ShipmentLabel.objects.exists()


def _cancel(fulfilment_id):
    cancel_shipments(fulfilment_ids=[fulfilment_id])
    connections.close_all()


def test_another_carrier_takes_over_and_the_first_label_is_given_back(rule, sandbox):
    other = make_carrier("yto", base_url=sandbox.url, carrier_code="yuantong")
    (shipment,) = waiting()
    label_batch(10)
    going_on = change_carrier(shipment_id=shipment.pk, carrier_id=other.pk, actor=SYSTEM)
    shipment.refresh_from_db()
    assert (shipment.status, going_on.pk != shipment.pk) == (S.CANCELLED, True)
    label_batch(10)
    going_on.refresh_from_db()
    assert (going_on.carrier, going_on.status) == (other, S.LABEL_CREATED)
    assert going_on.tracking_number.startswith("YT")
    with pytest.raises(NotFound):
        change_carrier(shipment_id=going_on.pk, carrier_id=0, actor=SYSTEM)
    with pytest.raises(DomainError):
        retry_label(shipment_id=going_on.pk, actor=SYSTEM)
    with pytest.raises(DomainError):
        change_carrier(shipment_id=shipment.pk, carrier_id=other.pk, actor=SYSTEM)


def test_a_carrier_that_is_switched_off_sells_no_label_and_takes_back_what_it_sold(rule, sandbox):
    first, second = waiting(2)
    Shipment.objects.filter(pk=second.pk).update(carrier=rule, label_due_at=None)
    assert label_batch(50) == 1
    Carrier.objects.update(is_active=False)
    Shipment.objects.filter(pk=second.pk).update(label_due_at=timezone.now())
    cancel_shipments(fulfilment_ids=[first.fulfilment_id])
    assert label_batch(50) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.label_due_at) == (S.CANCELLED, None), "given back"
    assert (second.status, second.tracking_number) == (S.PENDING, "")
    assert second.label_due_at > timezone.now()


def test_a_parcel_that_came_back_is_sent_again(rule, sandbox):
    part = make_fulfilment()
    back = make_shipment(rule, part, status=S.RETURNED, tracking_number="SFBACK")
    again = ship_again(shipment_id=back.pk, actor=SYSTEM)
    back.refresh_from_db()
    assert back.problem_settled_at
    assert (again.fulfilment, again.carrier, again.status) == (part, rule, S.PENDING)
    with pytest.raises(DomainError):
        ship_again(shipment_id=back.pk, actor=SYSTEM)
    with pytest.raises(DomainError):
        poll_now(shipment_id=again.pk, actor=SYSTEM)
    assert label_batch(10) == 1


def test_a_number_that_another_parcel_has_is_not_believed(rule, sandbox, monkeypatch):
    monkeypatch.setattr(Kuaidi100Adapter, "create_label", lambda self, request: Label("SF1", b"%PDF"))
    waiting(2)
    label_batch(10)
    assert Shipment.objects.filter(tracking_number="SF1").count() == 1
    assert "another parcel" in Shipment.objects.get(status=S.PENDING).label_error


def test_a_label_without_a_street_is_told_in_the_readers_language(client):
    carrier = make_carrier(name="SF Express", name_zh="顺丰速运")
    make_rule(carrier)
    (shipment,) = waiting()
    Order.objects.update(ship_street="")
    with translation.override("zh-hans"):  # whatever language the worker happens to have
        label_batch(10)
    shipment.refresh_from_db()
    assert shipment.label_error == "The recipient's street is missing."
    client.force_login(make_superuser(language="zh-hans"))
    words = "缺少收件人详细地址。"
    page = client.get(reverse("logistics:shipment_detail", args=[shipment.pk])).content.decode()
    assert words in page
    case = Case.objects.get(type="logistics.label_failed")
    with translation.override("zh-hans"):
        assert summary_of(case) == f"顺丰速运：{words}"
    with translation.override("en"):
        assert summary_of(case) == "SF Express: The recipient's street is missing."


def test_the_carrier_filter_has_their_names_in_the_readers_language():
    carrier = make_carrier(name="SF Express", name_zh="顺丰速运")
    other = make_carrier("ups", name="UPS")
    shipment, _other = make_shipment(carrier), make_shipment(other)
    found = ShipmentFilter({"carrier": [str(carrier.pk)]}, queryset=Shipment.objects.all())
    assert list(found.qs) == [shipment]
    with translation.override("zh-hans"):
        assert [name for _pk, name in found.form.fields["carrier"].choices] == ["顺丰速运", "UPS"]

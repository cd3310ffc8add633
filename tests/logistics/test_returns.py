"""Parcels that come back because of their address count as data errors that escaped."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actor import SYSTEM
from logistics.carriers.base import TrackEvent, TrackResult
from logistics.enums import EventSource, ShipmentStatus
from logistics.rules.return_reason import names_bad_address
from logistics.sandbox import kuaidi100, ups
from logistics.services.ingest import Arrival, ingest
from logistics.services.label_requests import recipient_address
from logistics.services.problems import ship_again
from orders.enums import DataErrorSource
from orders.models import DataError, Order
from orders.services.edit import edit_order
from orders.services.fulfilment import record_shipped
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment, pack

S = ShipmentStatus
NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("派件不成功:收件地址不详", True),
        ("因地址错误，联系收件人无果，退回", True),
        ("查无此人，退回寄件方", True),
        ("收件人拒收快件", False),
        ("电话无人接听,改约明日再派", False),
        ("快件到达【收件地址附近营业点】", False),
        ("The street number is incorrect: incomplete address.", True),
        ("The address is incomplete. This may delay delivery.", True),
        ("Undeliverable as addressed", True),
        ("The receiver has moved.", True),
        ("The receiver refused the package. It will be returned to the sender.", False),
        ("Returned to Sender", False),
        ("Delivered to the address on the label", False),
    ],
)
def test_carriers_words_for_a_bad_address(text, blamed):
    assert names_bad_address(text) is blamed


@pytest.mark.parametrize("words", [kuaidi100._WORDS, ups._WORDS])
def test_the_sandbox_blames_the_address_in_one_kind_of_event(words):
    assert [kind for kind, row in words.items() if names_bad_address(row[-1])] == ["bad_address"]


@pytest.fixture
def parcel(db):
    part = make_fulfilment()
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    return make_shipment(make_carrier(), part, handed_over_at=NOW - timedelta(days=3), last_event_at=None)


def come_back(parcel, why):
    texts = [(30, S.EXCEPTION, why), (20, S.RETURNING, "快件正在退回"), (1, S.RETURNED, "退回件已签收")]
    events = tuple(TrackEvent(NOW - timedelta(hours=hours), text, status, "深圳") for hours, status, text in texts)
    ingest([Arrival(parcel.pk, TrackResult(parcel.tracking_number, events=events), EventSource.POLL)], at=NOW)
    parcel.refresh_from_db()
    assert parcel.status == S.RETURNED


def test_a_parcel_that_came_back_because_of_its_address_is_an_escaped_error(parcel):
    come_back(parcel, "派件不成功:收件地址不详")
    error = DataError.objects.get()
    assert (error.order_id, error.source, error.found_at) == (parcel.order_id, DataErrorSource.UNDELIVERABLE, NOW)


def test_a_reason_that_the_carrier_gives_only_later_counts_too(parcel):
    come_back(parcel, "退回")
    assert not DataError.objects.exists()
    late = TrackEvent(NOW, "退回原因:收件地址不详", None, "深圳")
    ingest([Arrival(parcel.pk, TrackResult(parcel.tracking_number, events=(late,)), EventSource.PUSH)], at=NOW)
    assert DataError.objects.get().order_id == parcel.order_id


def test_a_refused_parcel_is_not(parcel):
    come_back(parcel, "收件人拒收快件")
    assert not DataError.objects.exists()


def test_an_order_counts_once_however_many_of_its_parcels_come_back(parcel):
    come_back(parcel, "地址不详")
    come_back(make_shipment(parcel.carrier, parcel.fulfilment), "地址不详")
    assert DataError.objects.count() == 1


@pytest.mark.django_db
def test_a_parcel_that_came_back_is_sent_again_to_the_corrected_address():
    part = make_fulfilment()
    pack(part)
    record_shipped(fulfilment_ids=[part.pk])
    parcel = make_shipment(make_carrier(), part, status=S.RETURNED, tracking_number="BACK-1")
    berlin = {"country": "DE", "province": "", "city": "Berlin", "district": "", "street": "Torstr. 1"}
    changes = {
        f"ship_{name}": value for name, value in {**berlin, "postal_code": "10119", "phone": "+49 30 901820"}.items()
    }
    edit_order(order_id=part.order_id, changes=changes, actor=SYSTEM)
    again = ship_again(shipment_id=parcel.pk, actor=SYSTEM)
    assert again.destination_country == "DE"
    assert recipient_address(Order.objects.get(pk=part.order_id)).street == "Torstr. 1"

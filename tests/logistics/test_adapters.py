"""Both adapters against the running sandbox, over real HTTP."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.addresses import Address
from logistics.carriers.base import (
    CarrierGarbled,
    CarrierRejected,
    CarrierUnavailable,
    Connection,
    ShipmentItem,
    ShipmentRequest,
    TrackQuery,
)
from logistics.carriers.registry import adapter_codes, adapter_for
from logistics.enums import ShipmentStatus
from logistics.sandbox import KUAIDI100_ACCOUNT, UPS_ACCOUNT

S = ShipmentStatus

SHENZHEN = Address(
    name="发货仓", phone="13800000000", country="CN", province="广东省", city="深圳市", district="南山区",
    street="科技园 1 号", postal_code="518000",
)  # fmt: skip
CHENGDU = Address(
    name="张三丰", phone="13912345678", country="CN", province="四川省", city="成都市", district="武侯区",
    street="天府大道中段 1366 号", postal_code="610000",
)  # fmt: skip
SAN_FRANCISCO = Address(
    name="Jane Doe", phone="+14155550100", country="US", province="California", city="San Francisco",
    street="500 Howard St", postal_code="94105",
)  # fmt: skip
VASE = ShipmentItem("VASE", "北欧陶瓷花瓶", 2, 300, Decimal("19.90"), "CNY")

# adapter, credentials, options, recipient, a path of its tracking
CASES = {
    "kuaidi100": (KUAIDI100_ACCOUNT, {"com": "shunfeng"}, CHENGDU, "/poll/query.do"),
    "karrio_ups": (UPS_ACCOUNT, {}, SAN_FRANCISCO, "/api/track"),
}


@pytest.fixture(params=list(CASES))
def case(request, sandbox):
    credentials, options, recipient, path = CASES[request.param]
    connection = Connection(
        code=request.param, base_url=sandbox.url, credentials=credentials, options=options, timeout_seconds=10
    )
    order = ShipmentRequest(
        reference="SH00000042", service="", sender=SHENZHEN, recipient=recipient, weight_g=1250, items=[VASE]
    )
    return adapter_for(request.param, connection), order, path


def test_every_adapter_is_in_this_contract():
    assert set(adapter_codes()) == set(CASES)


def test_a_label_is_a_pdf_with_a_number(case):
    adapter, order, _ = case
    label = adapter.create_label(order)
    assert label.tracking_number
    assert label.pdf.startswith(b"%PDF")
    assert len(label.pdf) < 200_000


def test_asking_again_after_an_unknown_end_buys_nothing_new(case, sandbox):
    adapter, order, _ = case
    first = adapter.create_label(order)
    again = adapter.create_label(replace(order, may_exist=True))
    assert again.tracking_number == first.tracking_number
    assert again.pdf.startswith(b"%PDF")
    assert sandbox.control()["parcels"] == 1


def test_an_unknown_reference_is_bought_even_if_it_might_exist(case):
    adapter, order, _ = case
    assert adapter.create_label(replace(order, may_exist=True)).tracking_number


def test_a_label_can_be_given_back_until_the_parcel_moves(case, sandbox):
    adapter, order, _ = case
    unused = adapter.create_label(order)
    adapter.cancel_label(tracking_number=unused.tracking_number)
    assert not adapter.track([TrackQuery(unused.tracking_number)])[0].found
    used = adapter.create_label(replace(order, reference="SH00000043"))
    adapter.track([TrackQuery(used.tracking_number)])  # the first question is the hand-over
    with pytest.raises(CarrierRejected):
        adapter.cancel_label(tracking_number=used.tracking_number)


def test_a_parcel_is_followed_to_its_end(case, sandbox):
    adapter, order, _ = case
    number = adapter.create_label(order).tracking_number
    young = adapter.track([TrackQuery(number)])[0]
    assert young.found
    assert young.events[0].status == S.PICKED_UP
    sandbox.control("advance", {"hours": 400})
    old = adapter.track([TrackQuery(number)])[0]
    assert old.status == S.DELIVERED
    assert [event.occurred_at for event in old.events] == sorted((e.occurred_at for e in old.events), reverse=True)
    assert all(event.status and event.description and event.occurred_at.tzinfo for event in old.events)
    assert {S.IN_TRANSIT, S.OUT_FOR_DELIVERY} <= {event.status for event in old.events}


@pytest.mark.parametrize(
    ("outcome", "states", "last"),
    [
        ("attempt_failed", {S.ATTEMPT_FAILED, S.DELIVERED}, S.DELIVERED),
        ("exception", {S.EXCEPTION}, S.EXCEPTION),
        ("returned", {S.RETURNING, S.RETURNED}, S.RETURNED),
        ("undeliverable", {S.RETURNED}, S.RETURNED),
        ("stuck", set(), S.IN_TRANSIT),
    ],
)
def test_a_parcel_in_trouble_says_so(case, sandbox, outcome, states, last):
    adapter, order, _ = case
    number = adapter.create_label(order).tracking_number
    adapter.track([TrackQuery(number)])
    sandbox.control("outcome", {"number": number, "outcome": outcome})
    sandbox.control("advance", {"hours": 400})
    result = adapter.track([TrackQuery(number)])[0]
    assert states <= {event.status for event in result.events}
    assert result.status == last


def test_an_unknown_number_is_not_an_error(case):
    adapter, _, _ = case
    result = adapter.track([TrackQuery("1Z0000000000000000")])[0]
    assert not result.found
    assert result.events == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "fail"}, CarrierUnavailable),
        ({"kind": "fail", "status": 429}, CarrierUnavailable),
        ({"kind": "hang"}, CarrierUnavailable),
        ({"kind": "delay", "seconds": 60}, CarrierUnavailable),
        ({"kind": "garble"}, CarrierGarbled),
    ],
)
def test_a_fault_becomes_the_error_that_says_what_to_do(case, sandbox, fault, error):
    adapter, order, path = case
    number = adapter.create_label(order).tracking_number
    sandbox.fault(**fault, path=path)
    impatient = type(adapter)(replace(adapter.connection, timeout_seconds=0.5))
    with pytest.raises(error):
        impatient.track([TrackQuery(number)])
    sandbox.control("faults", method="DELETE")
    assert adapter.track([TrackQuery(number)])[0].found


def test_a_carrier_that_is_not_there_is_unavailable(case):
    adapter, _, _ = case
    gone = type(adapter)(replace(adapter.connection, base_url="http://127.0.0.1:9"))
    with pytest.raises((CarrierUnavailable, CarrierRejected)):
        gone.track([TrackQuery("1Z0000000000000000")])


def test_wrong_credentials_are_a_refusal(case):
    adapter, order, _ = case
    wrong = dict.fromkeys(adapter.connection.credentials, "wrong")
    stranger = type(adapter)(replace(adapter.connection, credentials=wrong))
    with pytest.raises(CarrierRejected):
        stranger.create_label(order)
    with pytest.raises(CarrierRejected, match="has no"):
        type(adapter)(replace(adapter.connection, credentials={})).create_label(order)


def test_an_address_that_lacks_something_is_refused_with_a_reason(case):
    adapter, order, _ = case
    lacking = replace(order.recipient, phone="", postal_code="")
    with pytest.raises(CarrierRejected) as refused:
        adapter.create_label(replace(order, recipient=lacking))
    assert refused.value.reason
    assert refused.value.code

"""The wire formats' tables and their traps, on small messages in the carriers' shapes."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from logistics.carriers.base import CarrierGarbled, Connection, PushRefused
from logistics.carriers.karrio_ups import wire as ups
from logistics.carriers.kuaidi100 import wire as kuaidi
from logistics.carriers.kuaidi100.adapter import Kuaidi100Adapter
from logistics.enums import ShipmentStatus
from logistics.sandbox.ups import check_digit

S = ShipmentStatus
SHARED = Path(__file__).resolve().parents[3] / "shared/data/carriers/kuaidi100"


def trace(context, moment="2026-03-02 10:00:00", **fields):
    return {"context": context, "time": moment, "ftime": moment, **fields}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("0", S.IN_TRANSIT), ("1", S.PICKED_UP), ("2", S.EXCEPTION), ("3", S.DELIVERED), ("4", S.RETURNED),
        ("5", S.OUT_FOR_DELIVERY), ("6", S.RETURNING), ("7", S.IN_TRANSIT), ("10", S.IN_TRANSIT),
        ("11", S.IN_TRANSIT), ("12", S.IN_TRANSIT), ("13", S.EXCEPTION), ("14", S.RETURNING),
        ("501", S.AVAILABLE_FOR_PICKUP), ("204", S.ATTEMPT_FAILED), ("206", S.ATTEMPT_FAILED), ("208", S.DELAYED),
    ],
)  # fmt: skip
def test_kuaidi100_states(state, status):
    assert kuaidi.STATUS_BY_CODE[state] == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("顺丰速运 已收取快件", S.PICKED_UP),
        ("快件离开【重庆渝北集散中心】,正发往 【达州杨柳集散中心】", S.IN_TRANSIT),
        ("正在派送途中,请您准备签收(派件人:***)", S.OUT_FOR_DELIVERY),
        ("派件不成功:电话无人接听", S.ATTEMPT_FAILED),
        ("快件已放入丰巢快递柜,请及时取件", S.AVAILABLE_FOR_PICKUP),
        ("已签收,签收人:本人", S.DELIVERED),
        ("收件人拒收,快件退回中", S.RETURNING),
        ("退回件已签收", S.RETURNED),
        ("您的快件一路平安", None),
    ],
)
def test_kuaidi100_texts_without_a_status(text, status):
    assert kuaidi.status_of_text(text) == status


def test_the_parcels_state_is_its_newest_traces():
    body = {
        "nu": "SF1", "com": "shunfeng", "state": "5",
        "data": [trace("请留意电话", "2026-03-02 12:00:00"), trace("请留意电话", "2026-03-02 09:00:00")],
    }  # fmt: skip
    newest, older = kuaidi.parse_result(body).events
    assert (newest.status, older.status) == (S.OUT_FOR_DELIVERY, None)
    assert newest.occurred_at == datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_a_corrected_company_is_noticed():
    body = {"nu": "1", "com": "yunda", "state": "0", "data": [trace("到达")]}
    assert kuaidi.parse_result(body, company="shunfeng").company == "yunda"
    assert kuaidi.parse_result(body, company="yunda").company == ""


@pytest.mark.parametrize("data", [[{"context": "x"}], ["x"], {"a": 1}, [{"context": "x", "time": "yesterday"}]])
def test_a_trace_that_cannot_be_read_is_garbled(data):
    with pytest.raises(CarrierGarbled):
        kuaidi.parse_result({"nu": "1", "state": "0", "data": data})


@pytest.fixture
def adapter():
    return Kuaidi100Adapter(Connection("sf", "http://127.0.0.1:9", {"salt": "pepper"}, {"com": "shunfeng"}))


def push(message, salt="pepper"):
    param = json.dumps(message, ensure_ascii=False)
    return urlencode({"param": param, "sign": kuaidi.md5_upper(param + salt)}).encode()


MESSAGE = {
    "status": "polling", "billstatus": "sending", "message": "", "autoCheck": "0", "comOld": "", "comNew": "",
    "lastResult": {"nu": "SF1", "com": "shunfeng", "state": "5", "data": [trace("派件", status="派件")]},
}  # fmt: skip


def test_a_signed_push_is_read_whatever_the_case_of_its_signature(adapter):
    body = push(MESSAGE)
    (item,) = adapter.read_push({}, body)
    assert item.result.number == "SF1"
    assert item.result.events[0].status == S.OUT_FOR_DELIVERY
    assert not item.subscribe_again
    lower = body.decode().rpartition("sign=")
    assert adapter.read_push({}, (lower[0] + lower[1] + lower[2].lower()).encode()) == [item]


@pytest.mark.parametrize("body", [b"", b"param=%7B%7D", b"\xff\xfe", push(MESSAGE, "salt"), b"param=x&sign="])
def test_a_push_without_the_right_signature_is_refused(adapter, body):
    with pytest.raises(PushRefused):
        adapter.read_push({}, body)


def test_without_a_salt_no_push_is_believed():
    unsalted = Kuaidi100Adapter(Connection("sf", "http://127.0.0.1:9", {}, {"com": "shunfeng"}))
    with pytest.raises(PushRefused):
        unsalted.read_push({}, push(MESSAGE, ""))


def test_abort_and_correction_are_passed_on(adapter):
    (aborted,) = adapter.read_push({}, push({**MESSAGE, "status": "abort", "lastResult": {"nu": "SF1", "data": []}}))
    assert aborted.subscribe_again
    assert not aborted.result.found
    (moved,) = adapter.read_push({}, push({**MESSAGE, "autoCheck": "1", "comOld": "shunfeng", "comNew": "yunda"}))
    assert moved.result.company == "yunda"


@pytest.mark.parametrize("message", [{}, {"lastResult": 1}, {"lastResult": {}}, []])
def test_a_signed_push_in_another_shape_is_garbled(adapter, message):
    with pytest.raises(CarrierGarbled):
        adapter.read_push({}, push(message))


@pytest.mark.parametrize(
    ("kind", "code", "text", "status"),
    [
        ("X", "RR", "Your package was released by the customs agency.", S.IN_TRANSIT),
        ("X", "RC", "Package cleared by customs and is on the way", S.IN_TRANSIT),
        ("X", "RH", "Your package is being held by the customs agency for clearance.", S.DELAYED),
        ("X", "48", "The receiver was not available for delivery. We'll make a second attempt.", S.ATTEMPT_FAILED),
        ("I", "OT", "Out For Delivery Today", S.OUT_FOR_DELIVERY),
        ("I", "OR", "Origin Scan", S.PICKED_UP),
        ("I", "DP", "Departed from Facility", S.IN_TRANSIT),
        ("P", "??", "Pickup Scan", S.PICKED_UP),
        ("D", "9E", "DELIVERED", S.DELIVERED),
        ("D", "FS", "Delivered after delay", S.DELIVERED),
        ("M", "MP", "Shipper created a label", S.LABEL_CREATED),
        ("X", "DA", "Merchandise is damaged.", S.EXCEPTION),
        ("X", "WX", "Severe weather conditions have delayed delivery.", S.DELAYED),
        ("RS", "RD", "Returned to Sender", S.RETURNED),
        ("I", "RS", "Returning to Sender", S.RETURNING),
        ("??", "??", "Something new", None),
    ],
)
def test_ups_statuses(kind, code, text, status):
    assert ups.status_of(kind=kind, code=code, text=text) == status


def test_ups_times_use_gmt_then_offset():
    local = {"date": "20260302", "time": "030000", "gmtOffset": "-05:00"}
    assert ups.occurred_at(local) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert ups.occurred_at({**local, "gmtDate": "20260302", "gmtTime": "08:00:01"}).second == 1
    with pytest.raises(CarrierGarbled):
        ups.occurred_at({})


def test_ups_promises_are_the_scheduled_day_and_never_the_day_of_delivery():
    assert ups.estimate({"deliveryDate": [{"type": "DEL", "date": "20260305"}]}) is None
    dates = [{"type": "SDD", "date": "20260305"}, {"type": "RDD", "date": "20260306"}]
    promised = ups.estimate({"deliveryDate": dates})
    assert promised
    assert promised.date() == date(2026, 3, 6)
    assert ups.estimate({"deliveryDate": [{"type": "SDD", "date": "soon"}]}) is None
    assert ups.estimate({}) is None


def test_ups_check_digit():
    # 1Z5R89390357567127 is the example of the public format description.
    assert check_digit("5R8939035756712") == 7


@pytest.mark.skipif(not SHARED.exists(), reason="the shared sample messages aren't here")
@pytest.mark.parametrize(
    ("name", "status", "count"),
    [
        ("kuaidi100_push_shunfeng_delivering.json", S.OUT_FOR_DELIVERY, 8),
        ("kuaidi100_push_yunda_signed.json", S.DELIVERED, 7),
        ("kuaidi100_push_polling_docs.json", S.IN_TRANSIT, 2),
    ],
)
def test_real_messages(adapter, name, status, count):
    (item,) = adapter.read_push({}, push(json.loads((SHARED / name).read_text())))
    assert (item.result.events[0].status, len(item.result.events)) == (status, count)
    assert all(event.occurred_at < datetime.now(UTC) - timedelta(days=365) for event in item.result.events)

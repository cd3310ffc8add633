import json
from html import unescape
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.services.api_keys import create_api_key, revoke_api_key
from core.actor import SYSTEM
from logistics.models import Shipment
from orders.api import auth
from orders.api.requests import MAX_BODY_BYTES
from orders.enums import HoldReason
from orders.models import Channel, Hold, IntakeMessage, Order
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment
from tests.factories.orders_intake import make_channel, order_payload

pytestmark = pytest.mark.django_db
URL = "/api/v1/orders"


@pytest.fixture
def channel() -> Channel:
    return make_channel()


@pytest.fixture
def key(channel: Channel) -> str:
    return create_api_key(name="erp", actor=SYSTEM, scope_kind="channel", scope_object_id=channel.pk)[1]


def post(key: str, body: Any, query: str = "") -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Client().post(URL + query, data, content_type="application/json", headers=headers)


def test_one_order_is_accepted(key: str) -> None:
    answer = post(key, order_payload("A-1"))
    assert answer.status_code == 202
    (result,) = answer.json()["results"]
    order = Order.objects.get(external_id="A-1")
    assert result == {
        "index": 0,
        "external_id": "A-1",
        "outcome": "accepted",
        "order_number": order.number,
        "errors": [],
    }


def test_results_come_in_order_and_a_bad_order_stops_nothing(key: str) -> None:
    bad = order_payload("B", line_count=1)
    bad["lines"][0]["quantity"] = -1
    results = post(key, [order_payload("A"), bad, order_payload("C"), order_payload("A", buyer_note="x")]).json()[
        "results"
    ]
    assert [(r["external_id"], r["outcome"]) for r in results] == [
        ("A", "accepted"),
        ("B", "rejected"),
        ("C", "accepted"),
        ("A", "updated"),
    ]
    assert results[1]["errors"] == [
        {"field": "lines[0].quantity", "code": "not_positive", "reason": "must be at least 1"}
    ]
    assert set(Order.objects.values_list("external_id", flat=True)) == {"A", "C"}


def test_exact_decimals_survive_json_numbers(key: str) -> None:
    body = json.dumps(order_payload("A", line_count=1)).replace('"12.50"', "0.1")
    assert post(key, body).json()["results"][0]["outcome"] == "accepted"
    assert str(Order.objects.get().lines.get().unit_price) == "0.1000"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed_json"),
        ("", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        ('{"a": NaN}', 400, "malformed_json"),
        ("[" * 100_000, 400, "malformed_json"),
        ('{"a": %s}' % ("9" * 5000), 400, "malformed_json"),
        ("[]", 422, "empty"),
        ("3", 422, "not_an_order"),
        (json.dumps([{}] * 501), 422, "too_many"),
        (b"x" * (MAX_BODY_BYTES + 1), 413, "body_too_large"),
    ],
)
def test_bodies_that_are_refused_as_a_whole(key: str, body: Any, status: int, code: str) -> None:
    answer = post(key, body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert not IntakeMessage.objects.exists()


@pytest.mark.parametrize("token", ["", "nonsense", "eck_aaaaaaaaaaaa_bbb", "eck_\x00"])
def test_bad_keys(channel: Channel, token: str) -> None:
    answer = post(token, order_payload())
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not Order.objects.exists()


def test_revoked_key(channel: Channel) -> None:
    key, token = create_api_key(name="x", actor=SYSTEM, scope_kind="channel", scope_object_id=channel.pk)
    revoke_api_key(key_id=key.pk, actor=SYSTEM)
    assert post(token, order_payload()).status_code == 401


@pytest.mark.parametrize("body", [order_payload("LATE"), "not JSON"], ids=["order", "no order"])
def test_a_key_that_was_good_a_moment_ago(channel: Channel, body: Any) -> None:
    key, token = create_api_key(name="x", actor=SYSTEM, scope_kind="channel", scope_object_id=channel.pk)
    assert post(token, order_payload()).status_code == 202
    revoke_api_key(key_id=key.pk, actor=SYSTEM)
    assert post(token, body).status_code == 401
    assert Order.objects.count() == 1


def test_a_channel_that_was_on_a_moment_ago(channel: Channel, key: str) -> None:
    assert post(key, order_payload()).status_code == 202
    Channel.objects.update(is_active=False)
    assert post(key, order_payload("LATE")).json()["error"]["code"] == "channel_inactive"
    assert Order.objects.count() == 1


def test_a_strangers_body_is_not_read(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    token = create_api_key(name="x", actor=SYSTEM)[1]
    monkeypatch.setattr("orders.api.views.read_body", pytest.fail)
    assert post("eck_aaaaaaaaaaaa_bbb", order_payload()).status_code == 401
    assert post(token, order_payload(), "?channel=nowhere").status_code == 403


def test_few_of_those_admitted_are_remembered(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.api.auth._MAX_ADMITTED", 2)
    everyones = create_api_key(name="x", actor=SYSTEM)[1]
    for number, code in enumerate(["shop", make_channel("b").code, make_channel("c").code]):
        assert post(everyones, order_payload(f"A-{number}"), f"?channel={code}").status_code == 202
    assert len(auth._admitted) <= 2
    assert everyones not in repr(auth._admitted) + repr(auth.Caller(everyones, "shop")), "no secret stays in memory"


def test_another_channels_key(channel: Channel) -> None:
    other = make_channel("other")
    token = create_api_key(name="x", actor=SYSTEM, scope_kind="channel", scope_object_id=other.pk)[1]
    answer = post(token, order_payload(), "?channel=shop")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_channel")
    assert post(token, order_payload(), "?channel=nowhere").status_code == 403
    assert not Order.objects.exists()
    assert post(token, order_payload(), "?channel=other").status_code == 202


def test_key_for_all_channels_has_to_name_one(channel: Channel) -> None:
    token = create_api_key(name="x", actor=SYSTEM)[1]
    assert post(token, order_payload()).json()["error"]["code"] == "channel_required"
    assert post(token, order_payload(), "?channel=shop").status_code == 202


def test_inactive_channel(channel: Channel, key: str) -> None:
    Channel.objects.update(is_active=False)
    assert post(key, order_payload()).json()["error"]["code"] == "channel_inactive"


def test_rate_limit(key: str, settings: Any, same_minute: None) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    assert [post(key, order_payload()).status_code for _ in range(2)] == [202, 202]
    answer = post(key, order_payload())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("body", "query", "refusal"), [("not JSON", "", 400), (order_payload(), "?channel=nowhere", 403)]
)
def test_a_request_that_is_refused_counts(
    key: str, body: Any, query: str, refusal: int, settings: Any, same_minute: None
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    assert [post(key, body, query).status_code for _ in range(3)] == [refusal, refusal, 429]


def test_no_body_is_read_above_the_limit(
    key: str, settings: Any, same_minute: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    assert post(key, order_payload()).status_code == 202
    monkeypatch.setattr("orders.api.views.read_body", pytest.fail)
    assert post(key, order_payload()).status_code == 429


def test_other_methods(key: str) -> None:
    answer = Client().put(URL, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_status_of_an_order(key: str) -> None:
    post(key, order_payload("A/1 ü", display_number="#1001"))
    answer = Client().get(f"{URL}/A/1%20%C3%BC", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "pending_review"
    assert answer.json()["display_number"] == "#1001"
    missing = Client().get(f"{URL}/nope", headers={"Authorization": f"Bearer {key}"})
    assert missing.status_code == 404


def test_status_tells_why_an_order_is_held_and_where_its_parcels_are(key: str) -> None:
    order = make_fulfilment(Channel.objects.get()).order
    headers = {"Authorization": f"Bearer {key}"}
    about = Client().get(f"{URL}/{order.external_id}", headers=headers).json()
    assert (about["holds"], about["on_hold"]) == ([], False)

    at = timezone.now()
    Hold.objects.create(order=order, reason=HoldReason.FRAUD_RISK, placed_at=at)
    Order.objects.filter(pk=order.pk).update(open_hold_count=1)
    fulfilment = order.fulfilments.get()
    parcels = Shipment.objects.filter(order=order)
    make_shipment(make_carrier("sf"), fulfilment, tracking_number="SF1", status="in_transit", last_event_at=at)
    about = Client().get(f"{URL}/{order.external_id}", headers=headers).json()
    assert (about["holds"], about["on_hold"]) == (["fraud_risk"], True)
    moment = json.loads(json.dumps(at, cls=DjangoJSONEncoder))
    assert about["parcels"] == [
        {"tracking_number": "SF1", "carrier": "sf", "status": "in_transit", "last_event_at": moment}
    ]
    parcels.update(status="cancelled")
    assert Client().get(f"{URL}/{order.external_id}", headers=headers).json()["parcels"] == []
    schema = Client().get("/api/openapi.json").json()["components"]["schemas"]["Status"]["properties"]
    assert schema.keys() == about.keys()
    assert schema["parcels"]["items"]["properties"].keys() == {"tracking_number", "carrier", "status", "last_event_at"}


def test_status_stays_within_the_channel(key: str) -> None:
    other = make_channel("other")
    token = create_api_key(name="x", actor=SYSTEM, scope_kind="channel", scope_object_id=other.pk)[1]
    post(key, order_payload("A"))
    assert Client().get(f"{URL}/A", headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_description_names_every_field_and_the_page_loads_no_foreign_file() -> None:
    document = Client().get("/api/openapi.json").json()
    order = document["components"]["schemas"]["Order"]
    assert set(order["required"]) == {"external_id", "placed_at", "lines"}
    assert {"customer", "shipping_address", "payment", "total", "tags"} <= order["properties"].keys()
    page = Client().get("/api/docs").content.decode()
    assert "swagger-ui-bundle" in page
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page


def test_received_at_is_now(key: str) -> None:
    before = timezone.now()
    post(key, order_payload("A"))
    assert before <= Order.objects.get().received_at <= timezone.now()


def test_the_example_of_the_page_works_as_it_stands(key: str, channel: Channel) -> None:
    page = unescape(Client().get("/api/docs").content.decode())
    assert reverse("console:api_keys") in page
    assert f'curl "http://testserver{URL}?channel=CHANNEL"' in page
    sent = page.partition("-d '")[2].partition("'</code>")[0]
    answer = post(key, sent, f"?channel={channel.code}")
    assert (answer.status_code, answer.json()["results"][0]["outcome"]) == (202, "accepted")

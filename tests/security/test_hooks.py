"""Webhooks of shops and pushes of carriers: whoever knows the secret may still send anything."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from core.stages import drain
from logistics.carriers.kuaidi100.wire import md5_upper
from logistics.codes import INGEST
from logistics.enums import PushState
from logistics.models import PushMessage, TrackingEvent
from orders.channels.shopify import signature
from orders.enums import IntakeOutcome
from orders.models import IntakeMessage, Order, OrderLine
from tests.factories.accounts import make_superuser
from tests.factories.logistics import make_carrier, make_fulfilment, make_shipment
from tests.factories.orders_intake import make_channel
from tests.logistics.test_wire import MESSAGE, trace
from tests.security.junk import VALUES, broken, garbled
from tests.security.routes import routes
from tests.security.test_urls import writes

pytestmark = pytest.mark.django_db

ROUNDS = 80
SECRET = "shpss_test"
SALT = "sandbox-salt"
ORDER = (Path(__file__).parents[1] / "orders" / "intake" / "shopify_order.json").read_bytes()
NEWS = json.dumps(
    MESSAGE | {"lastResult": {"nu": "SF1", "com": "shunfeng", "state": "0", "data": [trace("到达", status="在途")]}}
).encode()


@dataclass(frozen=True)
class Hook:
    """How to call a hook: `good` is a message's text, `send` signs it and posts it."""

    good: bytes
    send: Callable[..., Any]


def send_shopify(body: bytes, *, secret: str = SECRET, topic: str = "orders/create", **headers: str) -> Any:
    signed = {"X-Shopify-Hmac-Sha256": signature(secret, body), "X-Shopify-Topic": topic, **headers}
    return Client(raise_request_exception=False).post("/hooks/shopify/shop", body, "application/json", headers=signed)


def send_kuaidi100(body: bytes, *, secret: str = SALT) -> Any:
    param = body.decode("utf-8", "replace")
    signed = urlencode({"param": param, "sign": md5_upper(param + secret)}).encode()
    form = "application/x-www-form-urlencoded"
    return Client(raise_request_exception=False).post("/hooks/kuaidi100/sf", signed, form)


HOOKS = {
    "orders_hooks:shopify": Hook(ORDER, send_shopify),
    "logistics_hooks:kuaidi100": Hook(NEWS, send_kuaidi100),
}


@pytest.fixture(autouse=True)
def known(settings):
    """What the good messages are about."""
    settings.API_REQUESTS_PER_MINUTE = 0
    make_channel("shop", kind="shopify", webhook_secret=SECRET)
    return make_shipment(make_carrier(supports_push=True), make_fulfilment(), tracking_number="SF1")


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_superuser(), "core.accounts.backends.RoleBackend")
    return client


def test_every_hook_is_tried_here():
    assert {route.name for route in routes() if route.path.startswith("/hooks/")} == HOOKS.keys()


@pytest.mark.parametrize("name", HOOKS)
def test_the_good_message_is_taken(name):
    answer = HOOKS[name].send(HOOKS[name].good)
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("name", HOOKS)
def test_signed_garbage_is_refused_or_kept_with_the_reason(name, staff):
    hook, dice = HOOKS[name], random.Random(5)
    statuses = []
    for _ in range(ROUNDS):
        before = writes()
        answer = hook.send(garbled(hook.good, dice))
        statuses.append(answer.status_code)
        assert answer.status_code < 500, answer.content
        if answer.status_code >= 400:
            assert writes() == before
            assert answer.content
    assert statuses.count(200) > ROUNDS / 3
    drain(only=[INGEST])
    assert not PushMessage.objects.filter(state=PushState.RECEIVED).exists()
    assert not PushMessage.objects.filter(state=PushState.FAILED, error="").exists()
    assert not IntakeMessage.objects.filter(outcome=IntakeOutcome.REJECTED, errors=[]).exists()
    assert not Order.objects.exclude(pk__in=OrderLine.objects.values("order")).exists()
    for message in IntakeMessage.objects.all()[:20]:
        assert staff.get(reverse("orders:intake_detail", args=[message.pk])).status_code == 200
    for list_page in ("orders:intake_list", "orders:order_list", "logistics:shipment_list"):
        assert staff.get(reverse(list_page)).status_code == 200


@pytest.mark.parametrize("name", HOOKS)
def test_nothing_unsigned_changes_anything(name):
    hook, dice = HOOKS[name], random.Random(6)
    before = writes()
    for body in [hook.good, *[garbled(hook.good, dice) for _ in range(30)]]:
        answer = hook.send(body, secret="wrong")
        assert answer.status_code in (401, 403)
        assert answer.content
    assert writes() == before


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_raw_garbage_changes_nothing(name, content_type):
    url = {"orders_hooks:shopify": "/hooks/shopify/shop", "logistics_hooks:kuaidi100": "/hooks/kuaidi100/sf"}[name]
    client, dice, before = Client(raise_request_exception=False), random.Random(7), writes()
    for _ in range(20):
        answer = client.generic("POST", url, broken(HOOKS[name].good, dice), content_type)
        assert 400 <= answer.status_code < 500
    for method in ("get", "put", "delete", "patch"):
        assert getattr(client, method)(url).status_code == 405
    for code in ("nobody", "x" * 300, "ä"):
        assert client.post(url.rsplit("/", 1)[0] + f"/{code}", b"{}", content_type="application/json").status_code < 500
    assert writes() == before


@pytest.mark.parametrize("value", [value for value in VALUES if isinstance(value, str) and value.isprintable()])
def test_odd_headers_of_a_shop(value):
    value = value.encode("latin-1", "replace").decode("latin-1")
    topic = {"X-Shopify-Webhook-Id": value, "X-Shopify-Shop-Domain": value}
    assert send_shopify(ORDER, topic=value, **topic).status_code == 200
    assert client_says(value) in (401, 403)
    assert not Order.objects.filter(channel__code="shop").exclude(lines__isnull=False).exists()


def client_says(signed: str) -> int:
    headers = {"X-Shopify-Hmac-Sha256": signed}
    return int(Client().post("/hooks/shopify/shop", ORDER, "application/json", headers=headers).status_code)


def test_numbers_that_no_column_holds_do_not_stop_the_other_news(known):
    send_kuaidi100(NEWS.replace(b'"SF1"', b'"' + b"9" * 400 + b'"'))
    send_kuaidi100(NEWS.replace(b'"SF1"', b'"\\ud800"'))
    send_kuaidi100(NEWS)
    drain(only=[INGEST])
    assert TrackingEvent.objects.filter(shipment=known).exists()

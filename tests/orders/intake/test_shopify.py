import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.api.requests import MAX_BODY_BYTES
from orders.channels.shopify import is_signed, signature, to_canonical
from orders.models import Channel, IntakeMessage, Order
from orders.schema import CanonicalOrder, Defaults, Refused, parse_order
from tests.factories.orders_intake import make_channel

SECRET = "shpss_test"
OWN = Path(__file__).with_name("shopify_order.json")
SHARED = Path(__file__).parents[4] / "shared" / "data" / "channels" / "shopify"


def own_order(**values: Any) -> dict[str, Any]:
    return {**json.loads(OWN.read_text()), **values}


def canonical(raw: Any) -> CanonicalOrder:
    result = parse_order(to_canonical(raw), Defaults(currency="USD"))
    assert isinstance(result, CanonicalOrder), result
    return result


def agree(order: CanonicalOrder) -> bool:
    return order.total == order.items_total - order.discount + order.shipping_fee + order.tax


def test_totals_of_an_order_with_discounts_on_lines_and_shipping() -> None:
    order = canonical(own_order())
    assert [line.total for line in order.lines] == [Decimal("30.00"), Decimal("10.00")]
    assert (order.shipping_fee, order.discount, order.tax) == (Decimal("7.00"), Decimal(0), Decimal("7.60"))
    assert (order.total, order.currency) == (Decimal("54.60"), "EUR")
    assert agree(order)


def test_what_else_is_taken_over() -> None:
    order = canonical(own_order())
    assert order.external_id == "5432109876543"
    assert order.lines[1].sku == "777"
    assert (order.customer.name, order.customer.external_id) == ("Anna Berg", "99")
    assert (order.shipping_address.country, order.shipping_address.street) == ("DE", "Hauptstr. 1, 3. OG")
    assert (order.payment.status, order.display_number) == ("paid", "#1042")
    assert order.tags == ("vip", "gift")


def test_included_taxes_are_not_added_again() -> None:
    order = canonical(own_order(taxes_included=True, total_price="47.00", total_price_set=None))
    assert order.tax == 0
    assert agree(order)


def test_shop_money_counts_and_not_the_buyers_currency() -> None:
    raw = own_order()
    raw["line_items"][0]["price"] = "21.70"
    assert canonical(raw).lines[0].unit_price == Decimal("20.00")


def test_lines_taken_out_of_an_order_are_not_sent() -> None:
    raw = own_order(current_total_price="30.00", current_total_tax="2.85")
    raw["line_items"][0]["current_quantity"] = 1
    raw["line_items"][1]["current_quantity"] = 0
    order = canonical(raw)
    assert [(line.sku, line.quantity, line.discount) for line in order.lines] == [("MUG-1", 1, Decimal("5.00"))]
    assert (order.total, order.tax) == (Decimal("30.00"), Decimal("2.85"))


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"id": None}])
def test_what_is_no_order_is_refused(raw: Any) -> None:
    with pytest.raises(Refused):
        to_canonical(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(own_order())), json_values)
def test_any_field_may_hold_anything(name: str, value: Any) -> None:
    try:
        payload = to_canonical(own_order(**{name: value}))
    except Refused:
        return
    parse_order(payload, Defaults(currency="USD"))


def test_signature() -> None:
    assert is_signed(SECRET, b"{}", signature(SECRET, b"{}"))
    assert not is_signed(SECRET, b"{} ", signature(SECRET, b"{}"))
    assert not is_signed("", b"{}", signature("", b"{}"))
    assert not is_signed(SECRET, b"{}", "ü")


@pytest.fixture
def channel(db: None) -> Channel:
    return make_channel("shop", kind="shopify", currency="USD", country="US", webhook_secret=SECRET)


def push(body: Any, *, topic: str = "orders/create", secret: str = SECRET, path: str = "shop", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(
        f"/hooks/shopify/{path}",
        data,
        content_type="application/json",
        headers={"X-Shopify-Hmac-Sha256": signature(secret, data), "X-Shopify-Topic": topic, **headers},
    )


def test_a_signed_order_comes_in_once(channel: Channel) -> None:
    assert push(own_order()).json()["results"][0]["outcome"] == "accepted"
    assert push(own_order()).json()["results"][0]["outcome"] == "duplicate"
    order = Order.objects.get()
    assert (order.total, order.status) == (Decimal("54.60"), "pending_review")
    message = IntakeMessage.objects.get()
    assert (message.seen_count, message.raw["name"]) == (2, "#1042")


def test_a_repeated_delivery_is_answered_at_once(channel: Channel) -> None:
    push(own_order(), **{"X-Shopify-Webhook-Id": "d-1"})
    answer = push(own_order(note="changed"), **{"X-Shopify-Webhook-Id": "d-1"})
    assert answer.json() == {"results": [], "repeated": True}
    assert IntakeMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status"), [({"secret": "wrong"}, 401), ({"path": "nowhere"}, 401), ({"path": "plain"}, 401)]
)
def test_what_isnt_signed_isnt_taken(channel: Channel, change: dict[str, str], status: int) -> None:
    make_channel("plain", kind="api", webhook_secret=SECRET)
    assert push(own_order(), **change).status_code == status
    assert not IntakeMessage.objects.exists()


def test_a_channel_without_a_secret_takes_nothing(channel: Channel) -> None:
    Channel.objects.update(webhook_secret="")
    assert push(own_order(), secret="").status_code == 401
    assert push(own_order(), secret="no channel").status_code == 401


def test_a_body_that_is_too_large(channel: Channel) -> None:
    assert push(b" " * (MAX_BODY_BYTES + 1)).status_code == 413


def test_malformed_json(channel: Channel) -> None:
    assert push(b"{").status_code == 400


def test_other_topics_are_acknowledged_and_kept(channel: Channel) -> None:
    answer = push({"id": 5, "order_id": 7}, topic="refunds/create")
    assert answer.status_code == 200
    message = IntakeMessage.objects.get()
    assert (message.outcome, message.errors[0]["code"], message.raw["order_id"]) == ("rejected", "unknown_topic", 7)
    assert not Order.objects.exists()


def test_payment_and_cancellation_follow(channel: Channel) -> None:
    push(own_order(financial_status="pending"))
    push(own_order(updated_at="2025-03-01T11:00:00+01:00"), topic="orders/paid")
    assert Order.objects.get().payment_status == "paid"
    cancelled = own_order(updated_at="2025-03-01T12:00:00+01:00", cancelled_at="2025-03-01T12:00:00+01:00")
    push(cancelled, topic="orders/cancelled")
    assert Order.objects.get().status == "cancelled"


def test_an_older_version_changes_nothing(channel: Channel) -> None:
    push(own_order(note="new", updated_at="2025-03-01T12:00:00+01:00"))
    answer = push(own_order(note="old"))
    assert answer.json()["results"][0]["outcome"] == "duplicate"
    assert Order.objects.get().buyer_note == "new"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Shopify files aren't beside this checkout")
@pytest.mark.parametrize(
    ("name", "total", "items", "status"),
    [("order.json", "409.94", "597.00", "pending_review"), ("order_body.json", "403.00", "393.00", "cancelled")],
)
def test_shopifys_own_orders(channel: Channel, name: str, total: str, items: str, status: str) -> None:
    push((SHARED / name).read_bytes())
    order = Order.objects.get()
    assert (order.total, order.items_total, order.status) == (Decimal(total), Decimal(items), status)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Shopify files aren't beside this checkout")
def test_shopifys_list_of_orders_has_no_lines_and_says_so(channel: Channel) -> None:
    answer = push((SHARED / "orders.json").read_bytes())
    assert answer.status_code == 200
    message = IntakeMessage.objects.get()
    assert message.errors[0]["field"] == "lines"


def test_no_order_of_a_long_list_is_left_out(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.api.webhooks.MAX_BATCH", 2)
    orders = [own_order(id=number, name=f"#{number}") for number in (1, 2, 3)]
    results = push({"orders": orders}).json()["results"]
    assert [result["outcome"] for result in results] == ["accepted"] * 3
    assert Order.objects.count() == 3

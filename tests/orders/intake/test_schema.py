import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.schema import MAX_LINES, CanonicalOrder, Defaults, FieldError, parse_order
from orders.schema.raw import storable
from tests.factories.orders_intake import order_payload

DEFAULTS = Defaults(currency="CNY", country="CN", time_zone="Asia/Shanghai")


def parsed(**values: Any) -> CanonicalOrder:
    result = parse_order(order_payload() | values, DEFAULTS)
    assert isinstance(result, CanonicalOrder), result
    return result


def errors(payload: Any) -> list[tuple[str, str]]:
    result = parse_order(payload, DEFAULTS)
    assert isinstance(result, list), result
    return [(error.field, error.code) for error in result]


def line(**values: Any) -> dict[str, Any]:
    return {"sku": "A", "quantity": 1, "unit_price": "10", **values}


def test_times_are_utc_and_naive_ones_are_the_channels() -> None:
    assert parsed(placed_at="2025-03-01T09:30:00+08:00").placed_at == datetime(2025, 3, 1, 1, 30, tzinfo=UTC)
    assert parsed(placed_at="2025-03-01 09:30").placed_at == datetime(2025, 3, 1, 1, 30, tzinfo=UTC)
    assert parsed(placed_at="2025-03-01").placed_at == datetime(2025, 2, 28, 16, tzinfo=UTC)


def test_totals_are_computed_where_none_are_given() -> None:
    order = parsed(
        lines=[line(quantity=3, unit_price="9.99", discount="1.00", tax="0.50"), line(unit_price=Decimal("0.1"))],
        shipping_fee=5,
        discount="2",
    )
    assert [each.total for each in order.lines] == [Decimal("28.97"), Decimal("0.10")]
    assert order.items_total == Decimal("29.07")
    assert order.tax == Decimal("0.50")
    assert order.total == Decimal("32.57")


def test_given_totals_are_kept_for_validation_to_compare() -> None:
    assert parsed(lines=[line()], total="999.00").total == Decimal("999.00")


def test_currency_and_country_come_from_the_channel() -> None:
    payload = order_payload()
    del payload["currency"], payload["shipping_address"]["country"]
    order = parse_order(payload, DEFAULTS)
    assert isinstance(order, CanonicalOrder)
    assert (order.currency, order.shipping_address.country) == ("CNY", "CN")
    bare = parse_order({**payload, "shipping_address": None}, DEFAULTS)
    assert isinstance(bare, CanonicalOrder)
    assert bare.shipping_address.country == ""


@pytest.mark.parametrize(("written", "code"), [("EIRE", "IE"), ("中国", "CN"), ("gb", "GB"), ("United Kingdom", "GB")])
def test_countries_by_name(written: str, code: str) -> None:
    assert parsed(shipping_address={"country": written, "city": "X"}).shipping_address.country == code


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"external_id": ""}, "external_id", "required"),
        ({"external_id": "x" * 65}, "external_id", "too_long"),
        ({"external_id": 5}, "external_id", "not_text"),
        ({"external_id": "a\x00b"}, "external_id", "control_characters"),
        ({"buyer_note": "\ud800"}, "buyer_note", "control_characters"),
        ({"placed_at": "yesterday"}, "placed_at", "not_a_timestamp"),
        ({"placed_at": "0001-01-01T00:00:00Z"}, "placed_at", "out_of_range"),
        ({"placed_at": 17}, "placed_at", "not_a_timestamp"),
        ({"currency": "XXX"}, "currency", "unknown_currency"),
        ({"currency": "KWD"}, "currency", "unsupported_currency"),
        ({"currency": "JPY", "shipping_fee": "1.5"}, "shipping_fee", "too_precise"),
        ({"shipping_fee": "-1"}, "shipping_fee", "negative"),
        ({"shipping_fee": "1e3"}, "shipping_fee", "not_a_number"),
        ({"shipping_fee": "NaN"}, "shipping_fee", "not_a_number"),
        ({"shipping_fee": Decimal("Infinity")}, "shipping_fee", "not_a_number"),
        ({"shipping_fee": True}, "shipping_fee", "not_a_number"),
        ({"shipping_fee": "1.005"}, "shipping_fee", "too_precise"),
        ({"shipping_fee": 10**12}, "shipping_fee", "too_large"),
        ({"shipping_fee": Decimal("1e999999")}, "shipping_fee", "too_large"),
        ({"discount": "1000"}, "discount", "exceeds_amount"),
        ({"lines": []}, "lines", "too_few"),
        ({"lines": None}, "lines", "required"),
        ({"lines": {}}, "lines", "not_a_list"),
        ({"lines": [line()] * (MAX_LINES + 1)}, "lines", "too_many"),
        ({"lines": ["x"]}, "lines[0]", "not_an_object"),
        ({"lines": [line(), line(quantity=-1)]}, "lines[1].quantity", "not_positive"),
        ({"lines": [line(quantity=0)]}, "lines[0].quantity", "not_positive"),
        ({"lines": [line(quantity="1.5")]}, "lines[0].quantity", "not_an_integer"),
        ({"lines": [line(quantity=10**7)]}, "lines[0].quantity", "too_large"),
        ({"lines": [line(quantity=Decimal("1e999999"))]}, "lines[0].quantity", "too_large"),
        ({"lines": [line(unit_price="1.00005")]}, "lines[0].unit_price", "too_precise"),
        ({"lines": [line(discount="11")]}, "lines[0].discount", "exceeds_amount"),
        ({"lines": [line(quantity=10**6, unit_price=10**9)]}, "lines[0].unit_price", "too_large"),
        ({"lines": [line(color="red")]}, "lines[0].color", "unknown_key"),
        ({"shipping_address": {"country": "Atlantis"}}, "shipping_address.country", "unknown_country"),
        ({"shipping_address": []}, "shipping_address", "not_an_object"),
        ({"payment": {"status": "maybe"}}, "payment.status", "not_a_choice"),
        ({"tags": "a,b"}, "tags", "not_a_list"),
        ({"surprise": 1}, "surprise", "unknown_key"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(change: dict[str, Any], field: str, code: str) -> None:
    assert (field, code) in errors(order_payload() | change)


def test_all_errors_are_found_in_one_pass() -> None:
    found = errors({"lines": [{"quantity": 0}], "x": 1, "payment": {"status": 1}})
    assert {field for field, _code in found} >= {
        "external_id",
        "placed_at",
        "lines[0].sku",
        "lines[0].quantity",
        "lines[0].unit_price",
        "x",
        "payment.status",
    }


def test_the_largest_order_that_passes_fits_the_columns() -> None:
    order = parsed(lines=[line(quantity=10**6, unit_price="999999.9999")])
    assert order.total < Decimal(10) ** 12


def test_content_is_the_same_however_it_is_written() -> None:
    one = order_payload("A", line_count=1, shipping_fee="5.00", updated_at="2025-03-01T10:00:00Z")
    two = json.loads(json.dumps(one))
    two |= {"shipping_fee": 5, "placed_at": "2025-03-01T01:30:00Z", "updated_at": None, "tags": [], "buyer_note": None}
    first, second = parse_order(one, DEFAULTS), parse_order(two, DEFAULTS)
    assert isinstance(first, CanonicalOrder)
    assert isinstance(second, CanonicalOrder)
    assert first.content_sha256() == second.content_sha256()
    third = parse_order({**two, "buyer_note": "x"}, DEFAULTS)
    assert isinstance(third, CanonicalOrder)
    assert third.content_sha256() != first.content_sha256()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)
FIELDS = [*order_payload(), "discount", "tax", "total", "ship_by", "tags", "cancelled_at", "shipping_fee"]


@settings(max_examples=300)
@given(json_values | st.dictionaries(st.sampled_from(FIELDS) | st.text(), json_values, max_size=8))
def test_the_parser_never_raises_and_always_gives_reasons(raw: Any) -> None:
    result = parse_order(raw, DEFAULTS)
    assert isinstance(result, CanonicalOrder) or result
    if isinstance(result, list):
        for error in result:
            assert isinstance(error, FieldError)
            assert error.as_json()["reason"]


@settings(max_examples=300)
@given(st.sampled_from(FIELDS), json_values)
def test_one_field_replaced_by_anything(name: str, value: Any) -> None:
    result = parse_order(order_payload() | {name: value}, DEFAULTS)
    if isinstance(result, CanonicalOrder):
        assert result.total < Decimal(10) ** 12
        assert result.content_sha256()


@settings(max_examples=200)
@given(json_values)
def test_everything_can_be_kept(raw: Any) -> None:
    text, sha256 = storable(raw)
    text.encode()
    json.loads(text, parse_constant=pytest.fail)
    assert "\x00" not in json.loads(json.dumps(text))
    assert len(sha256) == 64


def test_what_is_no_json_is_kept_as_its_beginning() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for raw in (deep, {"n": 10**5000}, {1: 2, "a": 3}, float("nan")):
        kept, _sha256 = storable(raw)
        assert list(json.loads(kept)) == ["unstorable"]


def test_lines_seen_before_are_the_same_and_their_faults_stay_faults() -> None:
    good = {"sku": "A", "quantity": "1", "unit_price": "10", "discount": "0.50"}
    first, second = parsed(lines=[good]).lines, parsed(lines=[{**good}]).lines
    assert first == second
    assert first[0] is second[0]
    assert errors(order_payload(lines=[good, {**good, "quantity": True}])) == [("lines[1].quantity", "not_an_integer")]
    assert parsed(lines=[{**good, "quantity": 1}]).lines == first
    for _time in range(2):
        assert errors(order_payload(lines=[{**good, "discount": "11"}])) == [("lines[0].discount", "exceeds_amount")]
    assert errors(order_payload(lines=[good], currency="JPY")) == [("lines[0].discount", "too_precise")]
    swapped = {"quantity": "1", "sku": "A", "unit_price": "10", "discount": "0.50"}
    assert parsed(lines=[swapped]).lines == first


def test_a_line_isnt_taken_for_another_by_what_separates_its_texts() -> None:
    rest = {"quantity": "1", "unit_price": "10"}
    parsed(lines=[{"sku": "\x1fA", "name": "B", **rest}])  # white space at an end is left out
    assert errors(order_payload(lines=[{"sku": "", "name": "A\x1fB", **rest}])) == [
        ("lines[0].sku", "required"),
        ("lines[0].name", "control_characters"),
    ]

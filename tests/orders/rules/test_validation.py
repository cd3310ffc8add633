"""Every check of the validation rules: an order that is in order has no findings, and each defect is found."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation

from core.addresses import Address
from inventory.rules.stock import SkuRef
from orders.enums import FindingSeverity, HoldReason
from orders.rules.validation import (
    CHECKS,
    ORDER_ATTRIBUTES,
    ChannelFacts,
    DuplicateCandidate,
    LineFacts,
    OrderFacts,
    message,
    validate,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
D = Decimal
MUG = SkuRef(1, "MUG", "Mug", True, True, 300, D("4.00"), "CNY")
TEA = SkuRef(2, "TEA", "Tea", True, True, 100, D("10.00"), "CNY")
SHANGHAI = Address(
    name="王小明", phone="13800138000", country="CN", province="上海市", city="上海市", district="浦东新区",
    street="世纪大道100号", postal_code="200120",
)  # fmt: skip


def line(sku: SkuRef | None, quantity: int, price: str, **more) -> LineFacts:
    discount, tax = more.pop("discount", D(0)), more.pop("tax", D(0))
    total = more.pop("total", (quantity * D(price) - discount).quantize(D("0.01")))
    code = sku.code if sku else "???"
    return LineFacts(code, quantity, D(price), discount, tax, total, sku, **more)


LINES = (line(MUG, 3, "3.95"), line(TEA, 1, "10.00", discount=D("0.50")))
CHANNEL = ChannelFacts("shop", "CNY", "CN", True, True, timedelta(hours=24))
# 11.85 + 9.50 = 21.35; − 1.35 + 8.00 + 2.00 = 30.00
ORDER = OrderFacts(
    order_id=100, external_id="A-1", channel=CHANNEL, placed_at=NOW - timedelta(hours=1),
    ship_by=NOW + timedelta(days=1), currency="CNY", items_total=D("21.35"), shipping_fee=D("8.00"),
    discount=D("1.35"), tax=D("2.00"), total=D("30.00"), payment_status="paid", buyer_email="wang@example.com",
    buyer_phone="", ship_to=SHANGHAI, lines=LINES, duplicates=(), now=NOW,
)  # fmt: skip


def with_lines(*lines: LineFacts, **changes) -> OrderFacts:
    items = sum((one.total for one in lines), start=D(0))
    totals = {"items_total": items, "discount": D(0), "tax": D(0), "shipping_fee": D(0), "total": items}
    return replace(ORDER, lines=lines, **(totals | changes))


def with_channel(order: OrderFacts = ORDER, **changes) -> OrderFacts:
    return replace(order, channel=replace(CHANNEL, **changes))


def ship_to(**changes: str) -> OrderFacts:
    return replace(ORDER, ship_to=replace(SHANGHAI, **changes))


def duplicate_of(**changes) -> OrderFacts:
    other = DuplicateCandidate(order_id=90, number="SO-90", external_id="A-0", placed_at=NOW - timedelta(hours=20))
    return replace(ORDER, duplicates=(replace(other, **changes),))


OLD_MUG = MUG._replace(is_active=False)
ERROR, WARNING, INFO = FindingSeverity.ERROR, FindingSeverity.WARNING, FindingSeverity.INFO

# code → (order, field, severity, hold, suggestion)
DEFECTS = {
    "currency.unknown": (replace(ORDER, currency="XXX"), "currency", ERROR, "price", {"currency": "CNY"}),
    "currency.foreign": (replace(ORDER, currency="EUR"), "currency", WARNING, None, None),
    "totals.line": (
        with_lines(line(MUG, 3, "3.95", total=D("11.80"))), "lines[0].total", ERROR, "price", None,
    ),
    "totals.items": (
        replace(ORDER, items_total=D("21.45"), total=D("30.10")), "items_total", ERROR, "price", None,
    ),
    "totals.negative": (
        with_lines(*LINES, shipping_fee=D("-5.00"), total=D("16.35")), "shipping_fee", ERROR, "price", None,
    ),
    "totals.discount": (
        with_lines(*LINES, discount=D("30.00"), shipping_fee=D("8.00"), tax=D("0.65"), total=D("0.00")),
        "discount", ERROR, "price", None,
    ),
    "totals.total": (replace(ORDER, total=D("31.00")), "total", ERROR, "price", {"total": "30.00"}),
    "totals.tax": (
        with_lines(line(MUG, 1, "4.00", tax=D("0.50")), tax=D("0.20"), total=D("4.20")), "tax", WARNING, None, None,
    ),
    "sku.unknown": (with_lines(line(None, 1, "4.00")), "lines[0].sku", ERROR, "stock", None),
    "sku.inactive": (with_lines(*LINES, line(OLD_MUG, 1, "4")), "lines[2].sku", ERROR, "stock", None),
    "quantity.not_positive": (with_lines(line(MUG, 0, "4.00")), "lines[0].quantity", ERROR, "price", None),
    "quantity.limit": (with_lines(line(MUG, 5001, "4.00")), "lines[0].quantity", ERROR, "price", None),
    "quantity.unusual": (
        with_lines(line(MUG, 51, "4.00", usual_quantity=5)), "lines[0].quantity", WARNING, None, None,
    ),
    "price.negative": (
        with_lines(*LINES, line(MUG, 1, "-1.00")), "lines[2].unit_price", ERROR, "price", None,
    ),
    "price.zero": (with_lines(line(MUG, 1, "0")), "lines[0].unit_price", WARNING, None, None),
    "price.far_from_list": (with_lines(line(MUG, 1, "12.01")), "lines[0].unit_price", WARNING, None, None),
    "total.limit": (
        with_channel(settings={"limits": {"total": "29.99"}}), "total", WARNING, None, None,
    ),
    "address.no_name": (ship_to(name=""), "shipping_address.name", ERROR, "address", None),
    "address.no_country": (
        replace(ship_to(country=""), buyer_phone=""), "shipping_address.country", ERROR, "address", None,
    ),
    "address.no_province": (
        ship_to(province="", city="杭州市"), "shipping_address.province", ERROR, "address",
        {"shipping_address.province": "浙江省"},
    ),
    "address.no_city": (
        ship_to(province="江苏省", city="", district="姑苏区", postal_code=""), "shipping_address.city", ERROR,
        "address", {"shipping_address.city": "苏州市"},
    ),
    "address.no_district": (ship_to(district=""), "shipping_address.district", ERROR, "address", None),
    "address.no_street": (ship_to(street=" - "), "shipping_address.street", ERROR, "address", None),
    "address.no_postal_code": (
        ship_to(country="GB", province="", city="London", district="", postal_code="", phone="+447400123456"),
        "shipping_address.postal_code", ERROR, "address", None,
    ),
    "address.unknown": (
        ship_to(district="浦动新区"), "shipping_address.district", ERROR, "address",
        {"shipping_address.district": "浦东新区"},
    ),
    "address.unknown_country": (ship_to(country="XX", phone=""), "shipping_address.country", ERROR,
                                "address", None),
    "address.not_in_parent": (
        ship_to(district="武侯区"), "shipping_address.district", ERROR, "address",
        {"shipping_address.province": "四川省", "shipping_address.city": "成都市"},
    ),
    "address.wrong_level": (
        ship_to(province="江苏省", city="昆山市", district="", postal_code=""), "shipping_address.city", WARNING,
        None, {"shipping_address.city": "苏州市", "shipping_address.district": "昆山市"},
    ),
    "address.renamed": (
        ship_to(district="闸北区"), "shipping_address.district", INFO, None, {"shipping_address.district": "静安区"},
    ),
    "address.unlisted": (
        ship_to(country="KR", province="Seoul", city="Gangnamgu", district="", postal_code="03051",
                phone="+821012345678"),
        "shipping_address.city", WARNING, None, {"shipping_address.city": "Gangnam-gu"},
    ),
    "address.bad_format": (
        ship_to(country="US", province="MA", city="Boston", district="", postal_code="2134",
                phone="+12125552368"),
        "shipping_address.postal_code", ERROR, "address", {"shipping_address.postal_code": "02134"},
    ),
    "address.bad_optional": (
        ship_to(postal_code="20012"), "shipping_address.postal_code", WARNING, None, None,
    ),
    "address.wrong_area": (
        ship_to(postal_code="510000"), "shipping_address.postal_code", WARNING, None, None,
    ),
    "phone.missing": (ship_to(phone=""), "shipping_address.phone", ERROR, "address", None),
    "phone.invalid": (ship_to(phone="1380013800"), "shipping_address.phone", ERROR, "address", None),
    "phone.masked": (ship_to(phone="138****8000"), "shipping_address.phone", ERROR, "address", None),
    "phone.foreign": (ship_to(phone="+44 7400 123456"), "shipping_address.phone", INFO, None, None),
    "email.invalid": (replace(ORDER, buyer_email="wang@"), "customer.email", WARNING, None, None),
    "email.mistyped": (
        replace(ORDER, buyer_email="wang@gmial.com"), "customer.email", WARNING, None,
        {"customer.email": "wang@gmail.com"},
    ),
    "duplicate.order": (duplicate_of(), "external_id", ERROR, "duplicate", None),
    "payment.unpaid": (replace(ORDER, payment_status="unpaid"), "payment.status", WARNING, "payment", None),
    "payment.partial": (
        replace(ORDER, payment_status="partially_paid"), "payment.status", WARNING, "payment", None,
    ),
    "payment.gone": (replace(ORDER, payment_status="voided"), "payment.status", ERROR, "payment", None),
    "ship_by.past": (replace(ORDER, ship_by=NOW - timedelta(minutes=1)), "ship_by", WARNING, None, None),
    "placed_at.future": (replace(ORDER, placed_at=NOW + timedelta(days=2)), "placed_at", WARNING, None, None),
}  # fmt: skip


def codes(order: OrderFacts) -> list[str]:
    return [finding.code for finding in validate(order)]


def test_an_order_that_is_in_order_has_no_findings():
    assert validate(ORDER) == []


@pytest.mark.parametrize("code", DEFECTS)
def test_each_defect_is_found_and_nothing_else(code):
    order, field, severity, hold, suggestion = DEFECTS[code]
    [finding] = validate(order)
    assert (finding.code, finding.field, finding.severity) == (code, field, severity)
    assert finding.hold == (HoldReason(hold) if hold else None)
    assert finding.suggestion == suggestion


def test_every_check_has_a_defect_that_it_finds():
    assert set(DEFECTS) == set(CHECKS)


def test_the_guide_names_every_check():
    text = (settings.BASE_DIR / "docs/guide/add-a-validation-rule.md").read_text("utf-8")
    assert [code for code in CHECKS if f"| `{code}` |" not in text] == []


@pytest.mark.parametrize("code", DEFECTS)
def test_every_message_can_be_read(code):
    [finding] = validate(DEFECTS[code][0])
    with translation.override("en"):
        text = message(finding.code, finding.params, "CNY")
    assert text.endswith(".")
    assert "%(" not in text
    assert "{" not in text


@pytest.mark.parametrize(
    ("code", "params", "currency", "english", "chinese"),
    [
        (
            "price.far_from_list",
            {"line": 1, "price": "69.0000", "list_price": "1300.00"},
            "GBP",
            "£69.00 is far from the list price £1,300.00",
            "£1,300.00",
        ),
        ("total.limit", {"total": "12500.00", "limit": "10000"}, "CNY", "CN¥12,500.00", "¥10,000.00"),
        ("totals.total", {"computed": "1069.00", "stated": "980.00"}, "JPY", "JP¥1,069, ", "JP¥1,069"),
        ("price.negative", {"line": 1, "price": "-0.0040"}, "CNY", "-CN¥0.004 ", "-¥0.004"),
        ("quantity.limit", {"line": 1, "quantity": 12000, "limit": "1E+4"}, "CNY", "limit of 10,000.", "10,000"),
        ("quantity.unusual", {"line": 1, "quantity": 1200, "usual": 50}, "CNY", "1,200 pieces", "1,200"),
    ],
)
def test_amounts_and_numbers_read_as_the_reader_writes_them(code, params, currency, english, chinese):
    with translation.override("en"):
        assert english in message(code, params, currency)
    with translation.override("zh-hans"):
        assert chinese in message(code, params, currency)


@pytest.mark.parametrize("code", DEFECTS)
def test_every_decimal_of_a_message_is_known_as_amount_or_number(code):
    [finding] = validate(DEFECTS[code][0])
    known = {*CHECKS[code].amounts, *CHECKS[code].counts}
    assert known <= set(finding.params)
    decimals = {name for name, value in finding.params.items() if re.fullmatch(r"-?\d+(\.\d+)?", str(value))}
    assert decimals - known <= {"line", "order_id", "value", "phone", "quantity"}


def test_a_message_whose_check_or_params_are_gone_shows_its_code():
    assert message("gone.check", {}, "CNY") == "gone.check"
    assert message("sku.unknown", {}, "CNY") == "sku.unknown"


@pytest.mark.parametrize("path", sorted({field for _, field, *_ in DEFECTS.values() if "lines" not in field}))
def test_every_field_leads_to_an_attribute_of_the_order(path):
    from orders.models import Order

    names = {field.attname for field in Order._meta.concrete_fields}
    assert ORDER_ATTRIBUTES.get(path, path) in names


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(replace(ORDER, total=D("28.00")), id="tax included"),
        pytest.param(replace(ORDER, total=D("30.02")), id="rounding of two lines"),
        pytest.param(with_lines(line(MUG, 3, "3.9549"), line(TEA, 1, "10")), id="four decimals"),
        pytest.param(with_lines(line(MUG, 1, "4", tax=D("0.5")), tax=D("1"), shipping_fee=D("5"), total=D("10")),
                     id="tax of the shipping"),
        pytest.param(with_channel(replace(ORDER, currency="USD"), settings={"currencies": ["USD"]}),
                     id="second currency"),
        pytest.param(with_lines(line(MUG, 5000, "4")), id="quantity at the limit"),
        pytest.param(with_lines(line(MUG, 50, "4", usual_quantity=5)), id="ten times the usual quantity"),
        pytest.param(with_lines(line(MUG, 49, "4", usual_quantity=1)), id="not many at all"),
        pytest.param(with_lines(line(MUG, 1, "12")), id="three times the list price"),
        pytest.param(with_lines(line(MUG._replace(currency="EUR"), 1, "400")), id="list price elsewhere"),
        pytest.param(with_lines(line(MUG._replace(unit_price=None), 1, "400")), id="no list price"),
        pytest.param(replace(ship_to(phone=""), buyer_phone="13900139000"), id="the buyer's phone"),
        pytest.param(replace(ORDER, buyer_email=""), id="no e-mail"),
        pytest.param(replace(ORDER, ship_by=None), id="no ship-by"),
        pytest.param(duplicate_of(order_id=101), id="the later one is the duplicate"),
        pytest.param(duplicate_of(is_cancelled=True), id="the first was cancelled"),
        pytest.param(duplicate_of(external_id="A-1"), id="the same order"),
        pytest.param(duplicate_of(placed_at=NOW - timedelta(hours=26)), id="outside the window"),
        pytest.param(with_channel(duplicate_of(), duplicate_window=timedelta(0)), id="no window"),
        pytest.param(replace(ORDER, payment_status="cod"), id="cash on delivery"),
        pytest.param(replace(ORDER, payment_status="invoiced"), id="on invoice"),
        pytest.param(with_channel(replace(ORDER, payment_status="unpaid"), requires_payment=False), id="trade"),
        pytest.param(
            with_channel(replace(ORDER, payment_status="authorized"), settings={"payment_allowed": ["authorized"]}),
            id="authorised is enough here"),
        pytest.param(with_channel(replace(ORDER, ship_to=Address(country="GB")), requires_address=False),
                     id="a channel without addresses"),
    ],
)  # fmt: skip
def test_what_is_allowed(order):
    assert validate(order) == []


def test_where_prices_never_include_tax_the_total_must_have_it():
    inclusive = replace(ORDER, total=D("28.00"))
    assert codes(with_channel(inclusive, settings={"tax": "exclusive"})) == ["totals.total"]
    assert codes(with_channel(ORDER, settings={"tax": "inclusive"})) == ["totals.total"]
    assert codes(with_channel(inclusive, settings={"tax": "inclusive"})) == []


def test_yen_have_no_decimals():
    channel = replace(CHANNEL, currency="JPY")
    sku = MUG._replace(currency="JPY", unit_price=D(400))
    order = replace(with_lines(line(sku, 3, "400")), currency="JPY", channel=channel)
    assert codes(order) == []
    [finding] = validate(replace(order, total=D("1203.00")))
    assert finding.suggestion == {"total": "1200"}


@pytest.mark.parametrize(
    ("severity", "expected", "hold"),
    [("error", ERROR, HoldReason.PRICE), ("info", INFO, None), ("warning", WARNING, None), ("loud", WARNING, None)],
)
def test_a_channel_weighs_a_finding_its_own_way(severity, expected, hold):
    order = with_channel(with_lines(line(MUG, 1, "0")), settings={"rules": {"price.zero": severity}})
    [finding] = validate(order)
    assert (finding.severity, finding.hold) == (expected, hold)


def test_a_channel_turns_a_check_off():
    order = with_channel(with_lines(line(MUG, 1, "0")), settings={"rules": {"price.zero": "off"}})
    assert validate(order) == []


def test_an_unpaid_order_waits_whatever_the_severity():
    order = with_channel(replace(ORDER, payment_status="unpaid"), settings={"rules": {"payment.unpaid": "info"}})
    assert [finding.hold for finding in validate(order)] == [HoldReason.PAYMENT]


@pytest.mark.parametrize("terms", [{"limits": 5}, {"rules": []}, {"limits": {"price_ratio": None}}, {"currencies": 1}])
def test_settings_of_the_wrong_shape_are_ignored(terms):
    assert validate(with_channel(ORDER, settings=terms)) == []


def test_limits_of_the_channel():
    many = with_lines(line(MUG, 60, "4.00"))
    assert codes(many) == []
    assert codes(with_channel(many, settings={"limits": {"line_quantity": 50}})) == ["quantity.limit"]
    dear = with_lines(line(MUG, 1, "8.01"))
    assert codes(dear) == []
    assert codes(with_channel(dear, settings={"limits": {"price_ratio": "2"}})) == ["price.far_from_list"]


def test_several_defects_are_all_found():
    order = replace(ship_to(district="浦动新区", phone="1"), payment_status="unpaid", total=D("1"))
    assert codes(order) == ["totals.total", "address.unknown", "phone.invalid", "payment.unpaid"]


def test_a_batch_of_ordinary_orders_is_validated_fast():
    orders = [replace(ORDER, order_id=n, ship_to=replace(SHANGHAI, street=f"世纪大道{n}号")) for n in range(3000)]
    validate(orders[0])
    start = time.thread_time()
    for order in orders:
        validate(order)
    # Intake needs 2,000 orders a second with everything else besides; the machine of a test may be slow.
    assert len(orders) / (time.thread_time() - start) > 4_000

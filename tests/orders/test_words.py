"""What the program says of itself is read in the reader's language; what people wrote stays as they wrote it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.accounts.enums import Role
from core.actor import SYSTEM, actor_name, own_reason, reason_words
from core.audit.models import AuditEntry
from core.stages import drain
from orders.codes import CANCELLED_BY_CHANNEL, VALIDATED_AGAIN
from orders.finding_words import expected_words, value_words
from orders.rules.payment_methods import payment_method_name
from orders.schema import FieldError
from orders.schema.words import field_words, sentence
from orders.services.edit import edit_line, edit_order
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku
from tests.factories.orders import make_order, payload, send

pytestmark = pytest.mark.django_db


def in_chinese(text: str) -> str:
    with translation.override("zh-hans"):
        return translation.gettext(text)


def test_only_the_programs_own_words_are_translated():
    own_reason("No orders")  # a text that has been translated, as the reasons are
    with translation.override("zh-hans"):
        assert reason_words("No orders") == in_chinese("No orders") != "No orders"
        assert reason_words("Orders") == "Orders"
        assert reason_words("") == ""
        assert actor_name(SYSTEM.label) == in_chinese(SYSTEM.label)
        assert actor_name("Orders") == "Orders"


def test_the_timeline_gives_the_programs_reasons_in_the_readers_language(channel, sku):
    wrong = payload()["shipping_address"] | {"phone": "123"}
    order = make_order(channel, ("MUG", 1), shipping_address=wrong)
    drain()
    edit_order(order_id=order.pk, changes={"ship_phone": "13800138000"}, actor=SYSTEM)
    drain()
    body = payload(("MUG", 1), external_id="gone")
    (gone,) = send(channel, body)
    send(channel, body | {"cancelled_at": "2026-03-02T09:00:00Z"})
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK, language="zh-hans"))

    def page(pk: int) -> str:
        with translation.override("en"):  # so that the page's language ends with the page
            return client.get(reverse("orders:order_detail", args=[pk])).content.decode()

    assert in_chinese(VALIDATED_AGAIN) in page(order.pk)
    assert in_chinese(CANCELLED_BY_CHANNEL) in page(int(gone.order_number[2:]))
    assert in_chinese(SYSTEM.label) in page(order.pk)


def test_fields_are_called_by_name():
    assert field_words("shipping_address.phone") == "Recipient's phone"
    assert field_words("lines[1].quantity") == "Line 2, Quantity"
    assert field_words("lines[1]") == "Line 2"
    assert field_words("lines") == "Lines"
    assert field_words("colour") == "colour"
    assert sentence(FieldError("shipping_address.phone", "required")) == "Recipient's phone is required"
    assert FieldError("shipping_address.phone", "required").as_json()["field"] == "shipping_address.phone"


def page_of(pk: int) -> str:
    client = Client()
    client.force_login(make_user(Role.ORDER_CLERK))
    return client.get(reverse("orders:order_detail", args=[pk])).content.decode()


def test_what_a_finding_expects_is_said_in_words(channel, sku):
    order = make_order(channel, ("MUG", 1), payment={"status": "unpaid"})
    drain()
    page = page_of(order.pk)
    assert "Expected: Paid" in page
    assert "Expected: paid" not in page


def test_what_a_finding_expects_is_money_of_the_order(channel, sku):
    make_sku("CUP-7", unit_price="1300.00", currency="CNY")
    order = make_order(channel, ("CUP-7", 1))
    drain(only=["orders.validate"])
    page = page_of(order.pk)
    assert "the price CN¥10.00 is far from the list price CN¥1,300.00." in page
    assert "Expected: CN¥1,300.00" in page
    assert "10.0000" not in page


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("total", "≤ 10000", "≤ CN¥10,000.00"),
        ("lines[0].unit_price", "69.0000", "CN¥69.00"),
        ("lines[0].quantity", "≤ 5000", "≤ 5,000"),
        ("shipping_address.postal_code", "100000", "100000"),
        ("total", "", ""),
    ],
)
def test_expected_values_are_put_into_words_by_their_field(path, value, words):
    assert value_words(path, value, "CNY") == words


def test_a_postal_code_that_is_only_an_example_says_so():
    finding = {"code": "address.bad_format", "field": "shipping_address.postal_code", "expected": "90210"}
    assert expected_words(finding, "USD") == "a postal code like 90210 (only an example)"
    with translation.override("zh-hans"):
        assert expected_words(finding, "USD") == "形如 90210 的邮政编码（仅为示例）"
    mended = finding | {"expected": "01234", "suggestion": {"shipping_address.postal_code": "01234"}}
    assert expected_words(mended, "USD") == "01234"


def test_the_limit_in_a_refusal_is_grouped():
    assert FieldError("total", "too_large", {"limit": "9999999999.9999"}).reason.endswith("9,999,999,999.9999")
    assert FieldError("lines[0].quantity", "too_large", {"limit": 100000}).reason.endswith("100,000")
    assert FieldError("total", "too_large", {"limit": "10000"}).as_json()["reason"].endswith("limit is 10000")


def test_a_refusal_in_chinese_has_no_space_between_field_and_reason():
    with translation.override("zh-hans"):
        assert " " not in sentence(FieldError("lines[0].unit_price", "negative")).replace("第 1 行", "")


def test_the_timeline_says_in_words_what_the_channel_changed(channel, sku):
    body = payload(("MUG", 1), payment={"status": "unpaid"})
    (sent,) = send(channel, body)
    address = body["shipping_address"] | {"phone": "13900139000"}
    send(channel, body | {"shipping_address": address, "payment": {"status": "paid"}})
    page = page_of(int(sent.order_number[2:]))
    for words in ("Recipient&#x27;s phone", "Unpaid", "Paid"):
        assert words in page
    for code in ("Shipping address.phone", "Payment.status", ">unpaid<"):
        assert code not in page


def test_a_corrected_sku_is_told_by_its_code(channel, sku):
    order = make_order(channel, ("MUG", 1))
    other = make_sku("CUP-7", unit_price="10.00", currency="CNY")
    drain(only=["orders.validate"])
    edit_line(order_id=order.pk, line_id=order.lines.get().pk, changes={"sku_id": other.pk}, actor=SYSTEM)
    entry = AuditEntry.objects.filter(action="orders.edited").latest("pk")
    assert entry.changes == {"lines[1].sku": ["MUG", "CUP-7"]}


@pytest.mark.parametrize(
    ("method", "name"), [("alipay", "支付宝"), ("CARD ", "银行卡"), ("sezzle", "Sezzle"), ("", "")]
)
def test_means_of_payment_are_named_in_the_reader_s_language(method, name):
    with translation.override("zh-hans"):
        assert payment_method_name(method) == name

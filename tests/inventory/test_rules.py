"""GTINs, SKU codes, numbers of import files."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.cells import parse_decimal, parse_whole, parse_yes_no, split_list
from inventory.rules.codes import InvalidSkuCode, normalise_sku_code
from inventory.rules.gtin import InvalidGtin, check_digit, display_gtin, gtin_or_none, normalise_gtin


@pytest.mark.parametrize(
    ("typed", "kept", "shown"),
    [
        ("4006381333931", "04006381333931", "4006381333931"),
        ("036000291452", "00036000291452", "036000291452"),
        ("96385074", "00000096385074", "96385074"),
        ("10614141000415", "10614141000415", "10614141000415"),
        (" 400-6381 333931 ", "04006381333931", "4006381333931"),
    ],
)
def test_gtins(typed, kept, shown):
    assert normalise_gtin(typed) == kept
    assert display_gtin(kept) == shown
    assert normalise_gtin(shown) == kept


@pytest.mark.parametrize(
    ("typed", "code", "expected"),
    [
        ("4006381333932", "check_digit", "1"),
        ("12345", "length", ""),
        ("40063813339３1", "characters", ""),
        ("ABC", "characters", ""),
        ("", "characters", ""),
    ],
)
def test_not_gtins(typed, code, expected):
    with pytest.raises(InvalidGtin) as error:
        normalise_gtin(typed)
    assert (error.value.code, error.value.expected) == (code, expected)
    assert gtin_or_none(typed) is None


@given(st.integers(0, 10**12 - 1), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(number, place, change):
    body = f"{number:012d}"
    code = body + str(check_digit(body))
    assert normalise_gtin(code) == "0" + code
    wrong = code[:place] + str((int(code[place]) + change) % 10) + code[place + 1 :]
    assert gtin_or_none(wrong) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  A-1  ", "A-1"), ("ＡＢＣ１２", "ABC12"), ("a\u00a0 b", "a b"), ("22138 (pink)", "22138 (pink)"), ("-5", "-5")],
)
def test_sku_codes(typed, kept):
    assert normalise_sku_code(typed) == kept
    assert normalise_sku_code(kept) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("x" * 65, "length"),
        ("=A1", "formula"),
        ("＝A1", "formula"),
        ("a\x00", "characters"),
    ],
)
def test_not_sku_codes(typed, code):
    with pytest.raises(InvalidSkuCode) as error:
        normalise_sku_code(typed)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("12.50", "12.50"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1,5", "1.5"),
        ("1,234", "1234"),
        ("¥ 12.5", "12.5"),
        ("12.5元", "12.5"),
        ("£4.50", "4.50"),
        ("-3", "-3"),
        ("1 234", "1234"),
        ("", None),
        ("abc", None),
        ("1e5", None),
        ("NaN", None),
        ("Infinity", None),
        ("1,23,4", None),
        ("١٢", None),
        ("--1", None),
    ],
)
def test_numbers(text, number):
    assert parse_decimal(text) == (None if number is None else Decimal(number))


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text):
    number = parse_decimal(text)
    assert number is None or number.is_finite()


def test_whole_numbers_words_and_lists():
    assert [parse_whole(text) for text in ("12", "12.0", "1,200", "1.5", "x")] == [12, 12, 1200, None, None]
    assert [parse_yes_no(text) for text in ("Yes", "是", "0", "停用", "maybe", "")] == [
        True,
        True,
        False,
        False,
        None,
        None,
    ]
    assert split_list("a; b，c|d\n e,, ") == ["a", "b", "c", "d", "e"]

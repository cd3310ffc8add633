import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phones import format_phone, mask_phone, parse_phone

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "'13800138000",
        '="13800138000"',
        "\t13800138000",
        "１３８００１３８０００",
        "138—0013—8000",
        "+86 138 0013 8000",
        "(+86)13800138000",
        "86-13800138000",
        "008613800138000",
        "8613800138000",
        "\u202d13800138000\u202c",
        "13800138000/010-12345678",
        "12、13800138000",
    ],
)
def test_chinese_mobiles_as_people_type_them(text):
    result = parse_phone(text, "CN")
    assert (result.e164, result.valid, result.country, result.identifying) == (MOBILE, True, "CN", MOBILE)


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("010-62345678", "CN", "+861062345678"),
        ("0571 8765 4321", "CN", "+8657187654321"),
        ("(020)38888888", "CN", "+862038888888"),
        ("400-810-8888", "CN", "+864008108888"),
        ("13800138000", "", MOBILE),
        ("07400 123456", "GB", "+447400123456"),
        ("(212) 555-2368", "US", "+12125552368"),
        ("+44 7400 123456", "CN", "+447400123456"),
        ("9123 4567", "HK", "+85291234567"),
        ("090-1234-5678", "jp", "+819012345678"),
    ],
)
def test_numbers_of_a_country(text, country, e164):
    assert parse_phone(text, country).e164 == e164


@pytest.mark.parametrize(
    ("text", "e164", "extension"),
    [
        ("13800138000-1234", MOBILE, "1234"),
        ("13800138000转1234", MOBILE, "1234"),
        ("010-62345678-801", "+861062345678", "801"),
        ("010-62345678 ext. 801", "+861062345678", "801"),
    ],
)
def test_a_number_with_extension_is_valid_but_names_no_person(text, e164, extension):
    result = parse_phone(text, "CN")
    assert (result.e164, result.extension, result.identifying) == (e164, extension, "")


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("", "CN", "missing"),
        ("'", "CN", "missing"),
        ("138****8000", "CN", "masked"),
        ("1380013xxxx", "CN", "masked"),
        ("none", "CN", "not_a_number"),
        ("1380013800", "CN", "invalid"),
        ("123", "CN", "too_short"),
        ("138001380001234567", "CN", "too_long"),
        ("12345678901", "CN", "invalid"),
        ("62345678", "", "no_country"),
        ("+999 1234567", "CN", "not_a_number"),
    ],
)
def test_invalid_numbers_say_why(text, country, reason):
    result = parse_phone(text, country)
    assert (result.valid, result.e164) == (False, None)
    assert result.reason == reason


@given(st.text(max_size=30), st.sampled_from(["CN", "GB", "US", "", "XX"]))
def test_anything_can_be_parsed_and_parsing_again_changes_nothing(text, country):
    result = parse_phone(text, country)
    assert result.valid is bool(result.e164) is (result.reason == "")
    if result.e164:
        again = parse_phone(result.e164, "")
        assert (again.e164, again.country) == (result.e164, result.country)


def test_a_number_is_shown_as_its_country_writes_it():
    assert format_phone("13800138000", "CN") == "138 0013 8000"
    assert format_phone("13800138000", "CN") != format_phone(MOBILE, "GB") == "+86 138 0013 8000"
    assert format_phone("none", "CN") == "none"


@pytest.mark.parametrize(
    ("text", "masked"),
    [("+86 138 0013 8000", "****8000"), ("8000", "****"), ("", ""), ("１３８００１３８０００", "****8000")],
)
def test_a_mask_keeps_the_last_four_digits(text, masked):
    assert mask_phone(text) == masked


def test_numbers_seen_before_are_parsed_fast():
    parse_phone("13800138000", "CN")
    start = time.thread_time()
    for _ in range(10_000):
        parse_phone("13800138000", "CN")
    assert time.thread_time() - start < 0.2

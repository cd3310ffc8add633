import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phones import format_phone, mask_phone, parse_phone, same_number

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
    ("known", "spellings"),
    [
        (MOBILE, ["13800138000", "138 0013 8000", "138-0013-8000", "+86 138 0013 8000", "0086 138 0013 8000",
                  "86 13800138000", "（+86）１３８ ００１３ ８０００", "\u202a+86\xa0138–0013–8000\u202c"]),
        ("13800138000", ["+86 13800138000", "13800138000"]),
        ("+447700900123", ["07700 900123", "+44 (0)7700 900123", "(07700) 900123", "7700900123", "0044 7700 900123"]),
        ("+14155552671", ["(415) 555-2671", "1-415-555-2671", "+1 415.555.2671"]),
        ("+390612345678", ["06 1234 5678", "+39 06 12345678"]),
        ("020 7946 0958", ["+44 20 7946 0958", "02079460958"]),
    ],
)  # fmt: skip
def test_a_whole_number_is_the_same_however_it_is_written(known, spellings):
    assert [text for text in spellings if not same_number(text, known)] == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("8000", MOBILE), ("0013 8000", MOBILE), ("3800138000", MOBILE), ("1380013800", MOBILE),
        ("138001380001", MOBILE), ("13800138001", MOBILE), ("+44 13800138000", MOBILE), ("", MOBILE), ("0", MOBILE),
        ("a13800138000", MOBILE), ("13800138000@example.com", MOBILE), ("138****8000", "138****8000"),
        ("1388000", "138****8000"), ("0000000000", "000000"), ("", ""), ("12345", "12345"), ("+", "+"), ("00", "00"),
    ],
)  # fmt: skip
def test_another_number_or_a_part_is_not_the_same(text, known):
    assert not same_number(text, known)


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

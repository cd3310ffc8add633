"""Texts put together with the punctuation of the reader's language."""

import pytest
from django.utils import translation

from core.words import listed, run_on, said_of


@pytest.mark.parametrize(("language", "expected"), [("en", "UPS, 12"), ("zh-hans", "UPS、12")])
def test_items_are_listed_in_the_readers_language(language, expected):
    with translation.override(language):
        assert listed(item for item in ("UPS", 12)) == expected


@pytest.mark.parametrize(("language", "expected"), [("en", "FO-1: 50% done"), ("zh-hans", "FO-1：50% done")])
def test_what_is_said_follows_the_name(language, expected):
    with translation.override(language):
        assert said_of("FO-1", "50% done") == expected


def test_nothing_is_listed_as_nothing():
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("The code is missing.", "", "Change it."), "The code is missing. Change it."),
        (("缺少编码。", "请修改。"), "缺少编码。请修改。"),
        (("缺少编码。", "SKU 已停售。"), "缺少编码。SKU 已停售。"),
        (("数量", "必须是整数"), "数量必须是整数"),
        (("colour", "不是订单字段"), "colour 不是订单字段"),
        (("订单", 12), "订单 12"),
        (("缺少编码。", "“A”不存在。"), "缺少编码。“A”不存在。"),
        (("It is “A”", "“B” is gone."), "It is “A” “B” is gone."),
        ((), ""),
    ],
)
def test_no_space_stands_between_chinese_and_chinese(parts, expected):
    assert run_on(*parts) == expected

"""Texts put together with the punctuation of the reader's language."""

import pytest
from django.utils import translation

from core.words import listed, said_of


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

"""Every list of every app: its declarations hold."""

import pytest

from core.ui import lists
from ecom_admin import urls  # noqa: F401  # loads every view, and with it every list


@pytest.mark.parametrize("key", lists.keys())
def test_columns_are_unique_and_sorts_have_an_index(key):
    assert lists.get(key).check() == []

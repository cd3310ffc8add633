import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.raw_text import as_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_each_line_is_one_row_and_whose_order_it_is_stands_above_them() -> None:
    content = {
        "lines": [{"sku": "MUG-1", "quantity": "2"}, {"sku": "碗", "quantity": "1"}],
        "external_id": "A-1",
        "customer": {"name": "Ann"},
    }
    assert as_rows(content) == [
        "{",
        '  "external_id": "A-1",',
        '  "customer": {',
        '    "name": "Ann"',
        "  },",
        '  "lines": [',
        '    {"sku": "MUG-1", "quantity": "2"},',
        '    {"sku": "碗", "quantity": "1"}',
        "  ]",
        "}",
    ]


@pytest.mark.parametrize("line", [{"sku": "A", "tax_lines": [{"rate": 1}]}, {"name": "x" * 200}])
def test_a_line_that_is_nested_or_long_has_a_row_for_each_field(line: dict[str, Any]) -> None:
    rows = as_rows([{"sku": "B"}, line])
    assert rows[1:4] == ["  {", '    "sku": "B"', "  },"]


@given(JSON)
def test_nothing_is_lost_or_added(content: Any) -> None:
    assert json.loads("\n".join(as_rows(content))) == content

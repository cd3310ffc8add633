"""A kept message as text that people can read through. Pure."""

import json
from typing import Any, Final

_WIDTH: Final = 160


def as_rows(content: Any) -> list[str]:
    """Rows of JSON: one for each flat object of a list, such as an order's lines, and lists after all else.

    An order with hundreds of lines is read through line by line, and whose it is stands above them.
    """
    return _text(content, "").split("\n")


def _text(content: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(content, dict) and content:
        entries = sorted(content.items(), key=lambda entry: isinstance(entry[1], list))
        return _block("{}", [f"{_leaf(str(name))}: {_text(value, inner)}" for name, value in entries], indent)
    if isinstance(content, list) and content:
        rows = [_leaf(item) for item in content]
        if not all(_is_flat(item) and len(row) <= _WIDTH for item, row in zip(content, rows, strict=True)):
            rows = [_text(item, inner) for item in content]
        return _block("[]", rows, indent)
    return _leaf(content)


def _block(brackets: str, rows: list[str], indent: str) -> str:
    return "\n".join((brackets[0], ",\n".join(f"{indent}  {row}" for row in rows), indent + brackets[1]))


def _is_flat(item: Any) -> bool:
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return not any(isinstance(value, dict | list) for value in values)


def _leaf(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

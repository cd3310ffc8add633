"""No page that nobody can find: every address is named by a template, by navigation or by code that leads there."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.source import python_files, templates

# Addresses that other programs call, or that a library names itself.
NOT_LINKED = {
    "admin": "Django's own pages, linked by its index",
    "orders_api": "called by programs; described on the API page",
    "orders_hooks": "called by channels",
    "logistics_hooks": "called by carriers",
}


def own_names(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """namespace:name of every route."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            namespace = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from own_names(entry.url_patterns, namespace)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{prefix}{entry.name}"


def is_linked(name: str, mentions: str) -> bool:
    """Named in full, or by its last part where the code puts names together as f"orders:{name}"."""
    namespace, _colon, last = name.rpartition(":")
    if re.search(rf"""["']{re.escape(name)}["']""", mentions):
        return True
    assembled = f'f"{namespace}:{{' in mentions
    return assembled and re.search(rf"""["']{re.escape(last)}["']""", mentions) is not None


def test_every_address_is_linked():
    # all places that can lead somewhere: templates, and Python except the route tables themselves
    files = [*templates(), *(path for path in python_files() if not path.name.endswith("urls.py"))]
    mentions = "\n".join(path.read_text(encoding="utf-8") for path in files)
    names = {name for name in own_names(get_resolver().url_patterns) if ":" in name}
    pages = {name for name in names if name.partition(":")[0] not in NOT_LINKED}
    assert [name for name in sorted(pages) if not is_linked(name, mentions)] == []

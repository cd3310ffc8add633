"""No page that nobody can find: every address is named by a template, by navigation or by code that leads there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.source import python_files, templates

# Addresses that other programs call, or that a library names itself.
NOT_LINKED = {
    "admin": "Django's own pages, linked by its index",
    "api": "called by other programs; described on the API page",
}


def own_names(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """namespace:name of every route."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            namespace = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from own_names(entry.url_patterns, namespace)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{prefix}{entry.name}"


def is_own(name: str) -> bool:
    namespace = name.partition(":")[0]
    return ":" in name and not any(namespace.startswith(skipped) for skipped in NOT_LINKED)


NAMES = sorted({name for name in own_names(get_resolver().url_patterns) if is_own(name)})


@pytest.fixture(scope="module")
def mentions() -> str:
    """All places that can lead somewhere: templates, and Python except the route tables themselves."""
    files = [*templates(), *(path for path in python_files() if path.name != "urls.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("name", NAMES)
def test_address_is_linked(name, mentions):
    assert re.search(rf"""["']{re.escape(name)}["']""", mentions), f"nothing leads to {name}"

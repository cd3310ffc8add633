"""Every route of the project, with an address to call it by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter


@dataclass(frozen=True)
class Route:
    """`name` with its namespaces, `path` with made-up arguments, `view` the callable behind it."""

    name: str
    path: str
    view: Any

    def __str__(self) -> str:
        return self.name


def routes() -> list[Route]:
    """All named routes but those of the admin site, which has tests of its own."""
    found = {route.name: route for route in _walk(get_resolver().url_patterns, "")}
    return [found[name] for name in sorted(found)]


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                yield from _walk(entry.url_patterns, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern) and entry.name:
            arguments = {key: _example(key, converter) for key, converter in _converters(entry).items()}
            arguments |= _regex_examples(str(entry.pattern))
            name = f"{prefix}{entry.name}"
            yield Route(name, reverse(name, kwargs=arguments), entry.callback)


def _converters(entry: URLPattern) -> dict[str, Any]:
    """The arguments of a route, those of the routes that include it among them."""
    own = dict(entry.pattern.converters)
    return {**_including(get_resolver().url_patterns, entry), **own}


def _including(patterns: list[Any], wanted: URLPattern) -> dict[str, Any]:
    for entry in patterns:
        if entry is wanted:
            return {}
        if isinstance(entry, URLResolver) and _contains(entry, wanted):
            return {**entry.pattern.converters, **_including(entry.url_patterns, wanted)}
    return {}


def _contains(resolver: URLResolver, wanted: URLPattern) -> bool:
    return any(
        entry is wanted or (isinstance(entry, URLResolver) and _contains(entry, wanted))
        for entry in resolver.url_patterns
    )


def _regex_examples(pattern: str) -> dict[str, str]:
    """For re_path: the first alternative of a group, a number for digits."""
    return {
        name: "1" if expression.startswith("\\d") else expression.partition("|")[0] if "|" in expression else "x"
        for name, expression in re.findall(r"\(\?P<(\w+)>([^)]*)\)", pattern)
    }


def _example(name: str, converter: Any) -> Any:
    if name == "key":
        return "accounts.api_key"  # a list that only managers see
    if isinstance(converter, IntConverter):
        return 1
    if isinstance(converter, UUIDConverter):
        return UUID(int=1)
    return "x"

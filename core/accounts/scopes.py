"""Kinds of things that a person or an API key can be limited to. Apps register theirs; the kernel knows none.

register_scope_kind("warehouse", _("Warehouses"), lambda: Warehouse.objects.values_list("id", "name"))
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django_stubs_ext import StrPromise

Choices = Callable[[], Iterable[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class ScopeKind:
    """`choices` gives (id, name) of every object, for the forms that set scopes."""

    code: str
    label: str | StrPromise
    choices: Choices


_kinds: dict[str, ScopeKind] = {}


def register_scope_kind(code: str, label: str | StrPromise, choices: Choices) -> None:
    """Make a kind of object available for limits; called from AppConfig.ready()."""
    _kinds[code] = ScopeKind(code, label, choices)


def scope_kinds() -> list[ScopeKind]:
    """The registered kinds in the order of their codes."""
    return [_kinds[code] for code in sorted(_kinds)]


def scope_kind(code: str) -> ScopeKind | None:
    """The kind with this code, or None where no app has registered it."""
    return _kinds.get(code)

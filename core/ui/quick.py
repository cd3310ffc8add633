"""Template nodes that do what Django's do with fewer detours.

Django finds `line.sku.code` by trying items first and attributes when that raises, formats every text by the rules for
numbers and dates, and looks through all addresses of the program for each {% url %}. A page does so a thousand times.
The loader puts these in their place (core.ui.folding); where a case isn't the ordinary one, they leave it to Django's.
"""

from functools import lru_cache
from html import escape
from typing import Any

from django.template import Context, VariableDoesNotExist
from django.template.base import FilterExpression, Node, Variable, VariableNode, render_value_in_context
from django.template.defaulttags import URLNode
from django.template.smartif import TokenBase
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString

# Ids that stand in an address for those to come: long enough to be found again in it.
_STAND_INS = (720_350_001, 720_350_002, 720_350_003)


class QuickVariable(Variable):
    """A variable found without exceptions where every step is a dictionary's key or an object's attribute."""

    __slots__ = ()

    def _resolve_lookup(self, context: Any) -> Any:
        names = self.lookups or ()
        current = _in_context(context, names[0])
        if current is _MISSING:
            return super()._resolve_lookup(context)  # type: ignore[misc]
        for place, name in enumerate(names):
            if place:
                kind: Any = type(current)
                try:
                    current = current[name] if kind is dict else getattr(current, name) if _plain(kind) else _MISSING
                except Exception:  # noqa: BLE001 - Django's decides what it means
                    return super()._resolve_lookup(context)  # type: ignore[misc]
            if current is _MISSING or callable(current):
                return super()._resolve_lookup(context)  # type: ignore[misc]
        return current


class QuickVariableNode(VariableNode):
    """{{ value }}: texts are escaped and nothing else."""

    def render(self, context: Context) -> str:
        try:
            value = self.filter_expression.resolve(context)
        except UnicodeDecodeError:
            return ""
        if isinstance(value, Promise):
            value = str(value)
        kind = type(value)
        if kind is SafeString:
            return str(value)
        if kind is str:
            return escape(value) if context.autoescape else str(value)
        return str(render_value_in_context(value, context))


class QuickAddress(URLNode):
    """{% url "orders:order_detail" order.pk %}: the address is looked for once; then only ids are put into it."""

    pattern: str | None = None

    def render(self, context: Context) -> str:
        values = [argument.resolve(context) for argument in self.args]
        if self.pattern is None:
            self.pattern = _pattern(str(self.view_name.var), len(values))
        if self.pattern and all(type(value) is int and value >= 0 for value in values):
            return self.pattern % tuple(values)
        return str(super().render(context))


def quicken(node: Node) -> None:
    """Give a compiled node, not those below it, the quicker ways."""
    for value in vars(node).values():
        _quicken_values(value)
    if type(node) is VariableNode:
        node.__class__ = QuickVariableNode
    elif type(node) is URLNode and _has_plain_ids(node):
        node.__class__ = QuickAddress


def _quicken_values(value: Any) -> None:
    """Variables in whatever a node keeps: expressions, lists and dictionaries of them, conditions."""
    if isinstance(value, FilterExpression):
        _quicken_variable(value.var)
        for _function, arguments in value.filters:
            for _is_variable, argument in arguments:
                _quicken_variable(argument)
    elif isinstance(value, TokenBase):
        for part in (value.first, value.second, getattr(value, "value", None)):
            _quicken_values(part)
    elif isinstance(value, dict):
        for entry in value.values():
            _quicken_values(entry)
    elif type(value) in (list, tuple):
        for entry in value:
            _quicken_values(entry)


def _quicken_variable(variable: Any) -> None:
    if type(variable) is Variable and variable.lookups is not None:
        variable.__class__ = QuickVariable


def _has_plain_ids(node: URLNode) -> bool:
    """An address of our own that takes one to three values by place."""
    name = node.view_name
    literal = not name.filters and isinstance(name.var, str) and not name.var.startswith("admin:")
    return literal and 0 < len(node.args) <= len(_STAND_INS) and not node.kwargs and not node.asvar


def _pattern(view_name: str, count: int) -> str:
    """The address with %d for each id; "" where it can't be made that way."""
    stand_ins = _STAND_INS[:count]
    try:
        pattern = escape(reverse(view_name, args=stand_ins)).replace("%", "%%")
    except NoReverseMatch:
        return ""
    for number in stand_ins:
        if pattern.count(str(number)) != 1:
            return ""
        pattern = pattern.replace(str(number), "%d")
    return pattern


_MISSING = object()


def _in_context(context: Any, name: str) -> Any:
    """What the context calls `name`. Raises VariableDoesNotExist if there is nothing of that name."""
    for values in reversed(context.dicts):
        if name in values:
            return values[name]
    if hasattr(context, name):
        return _MISSING
    raise VariableDoesNotExist("Failed lookup for key [%s] in %r", (name, context))


@lru_cache(maxsize=1024)
def _plain(kind: Any) -> bool:
    """Whether objects of this type have attributes and no items."""
    return not hasattr(kind, "__getitem__")

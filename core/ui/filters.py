"""Filters of a list page, and the chips that say in words which of them are active."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_filters.filters import QuerySetRequestMixin

from core.accounts.scopes import scope_kinds
from core.accounts.selectors import scope_ids
from core.ui.content import Text

TICKS = 12


@dataclass(frozen=True)
class Chip:
    """An active filter in words ("Status is held or approved"); `query` is the address without it."""

    name: str
    label: Text
    value: str
    query: str


class ConsoleFilterSet(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """Base of a list's filters: a FilterSet whose fields are styled for the console where they are shown.

    Declare `q` (a CharFilter with a method) for the search box; every other filter appears under "Filter".
    Use only conditions that an index answers.
    """

    user: Any = AnonymousUser()

    class Meta:
        model: type[Model]
        fields: Iterable[str] = ()

    def offer_within(self, user: Any) -> None:
        """Filters named after a kind of limit ("warehouse", "channel") offer what the person may see.

        `self.user` is that person from then on, for searches that depend on rights.
        """
        self.user = user
        for kind in scope_kinds():
            item = self.filters.get(kind.code)
            allowed = scope_ids(user, kind.code) if item is not None else None
            if allowed is not None and isinstance(item, QuerySetRequestMixin):
                item.queryset = item.queryset.filter(pk__in=allowed)

    @property
    def has_search(self) -> bool:
        """Whether there is a search box."""
        return "q" in self.filters

    @cached_property
    def panel_fields(self) -> list[Any]:
        """The bound fields under "Filter", with widgets that suit a panel: ticks for a few choices, date pickers."""
        self.form.show_optional = False
        names = [name for name in self.filters if name != "q"]
        for name in names:
            _dress(self.form.fields[name])
        return [self.form[name] for name in names]

    def chips(self) -> list[Chip]:
        """The active filters, in the order of declaration."""
        if not self.form.is_valid() and not self.form.cleaned_data:
            return []
        chips = []
        for name, item in self.filters.items():
            value = self.form.cleaned_data.get(name)
            if name == "q" or value in (None, "", [], ()) or _is_empty(value):
                continue
            words = describe(self.form.fields[name], value)
            chips.append(Chip(name, item.label or name, words, self._query_without(name)))
        return chips

    def _query_without(self, name: str) -> str:
        data = self.data.copy() if isinstance(self.data, QueryDict) else QueryDict(mutable=True)
        for key in [name, *(f"{name}_{part}" for part in ("min", "max", "after", "before"))]:
            data.pop(key, None)
        for key in ("after", "before", "view"):
            data.pop(key, None)
        return data.urlencode()


class Ticks(forms.CheckboxSelectMultiple):
    """A few choices to tick, as multiple_input.html draws them but without a template for each: a list has dozens."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        options = [option for _group, options, _index in widget["optgroups"] for option in options]
        ticks = ((each["attrs"]["id"], name, each["value"], flatatt(each["attrs"]), each["label"]) for each in options)
        return format_html('<div class="choices" id="{}">{}</div>', widget["attrs"]["id"], _ticks(ticks))


def _ticks(values: Iterable[tuple[Any, ...]]) -> SafeString:
    tick = '<div><label for="{}"><input type="checkbox" name="{}" value="{}"{}> {}</label></div>'
    return format_html_join("", tick, values)


def _dress(field: forms.Field) -> None:
    """Give a filter's form field the console's widget."""
    widget = field.widget
    if isinstance(widget, forms.SelectMultiple) and isinstance(field, forms.ChoiceField):
        # Not list(choices), which counts the rows of a table before it reads them.
        choices: list[Any] = list(iter(field.choices))  # type: ignore[arg-type]
        if len(choices) <= TICKS:
            field.widget = Ticks(choices=choices)
    elif getattr(field, "empty_label", None):
        field.empty_label = _("any")  # type: ignore[attr-defined]
    for part in getattr(widget, "widgets", [widget]):
        if isinstance(part, forms.DateInput):
            part.input_type = "date"
            part.format = "%Y-%m-%d"


def _is_empty(value: Any) -> bool:
    if isinstance(value, slice):
        return value.start is None and value.stop is None
    return isinstance(value, QuerySet) and value.query.is_empty()


def describe(form_field: forms.Field, value: Any) -> str:
    """A filter's value in words."""
    if isinstance(value, slice):
        return _describe_range(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, (list, tuple, QuerySet)):
        return _(" or ").join(describe(form_field, item) for item in value)
    choices = {str(key): label for key, label in getattr(form_field, "choices", ()) if not isinstance(label, list)}
    if isinstance(form_field, (forms.ChoiceField, forms.NullBooleanField)) and str(value) in choices:
        return str(choices[str(value)])
    return _date(value)


def _date(value: Any) -> str:
    return date_format(value, "SHORT_DATE_FORMAT") if isinstance(value, date) else str(value)


def _describe_range(value: slice) -> str:
    low, high = value.start, value.stop
    if low is None:
        return _("up to %(high)s") % {"high": _date(high)}
    if high is None:
        return _("from %(low)s") % {"low": _date(low)}
    return _("%(low)s to %(high)s") % {"low": _date(low), "high": _date(high)}

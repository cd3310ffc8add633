"""The quicker template nodes find and draw what Django's own do, in ordinary cases and in odd ones."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.template import Context, Engine
from django.urls import NoReverseMatch
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from core.ui.quick import QuickAddress, QuickVariable, QuickVariableNode

LIBRARIES = {"i18n": "django.templatetags.i18n"}


class Thing:
    """Everything that a name in a template may lead to."""

    kind = "class"
    name = "<thing>"

    def __init__(self) -> None:
        self.plain = {"key": "<value>", "1": "one", "items": "an item"}
        self.listed = ["first", "second"]

    def method(self) -> str:
        return "called"

    def wants_more(self, more: str) -> str:
        return more

    def delete(self) -> str:
        raise AssertionError("a template must not delete")

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def nobody(self) -> str:
        raise ObjectDoesNotExist

    @property
    def broken(self) -> str:
        raise ValueError("broken")


class Keyed:
    """Items before attributes, as Django has it."""

    name = "attribute"

    def __getitem__(self, key: str) -> str:
        return {"name": "item"}[key]


VALUES = {
    "thing": Thing(),
    "cls": Thing,
    "keyed": Keyed(),
    "lazy": SimpleLazyObject(Thing),
    "word": gettext_lazy("Orders"),
    "markup": mark_safe("<b>bold</b>"),
    "text": "<i>&'\"",
    "none": None,
    "number": 12345,
    "amount": Decimal("1234.50"),
    "flag": True,
    "at": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "function": lambda: "<made>",
    "names": SimpleNamespace(deep=SimpleNamespace(deeper={"deepest": 7})),
}
EXPRESSIONS = [
    "thing.name", "thing.kind", "thing.plain.key", "thing.plain.1", "thing.plain.items", "thing.plain.keys",
    "thing.listed.1", "thing.listed.9", "thing.method", "thing.wants_more", "thing.delete", "thing.nobody",
    "thing.missing", "missing", "missing.more", "cls.kind", "keyed.name", "keyed.other", "lazy.name", "word", "markup",
    "text", "none", "none.more", "number", "amount", "flag", "at", "function", "names.deep.deeper.deepest",
    "text|upper", "missing|default:text", "thing.listed|join:text", "dicts", "autoescape",
]  # fmt: skip


def _engine(page: str, *, quick: bool) -> Engine:
    pages = ("django.template.loaders.locmem.Loader", {"page": page})
    return Engine(libraries=LIBRARIES, loaders=[("core.ui.folding.Loader", [pages])] if quick else [pages])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("around", ["{}", "{{% autoescape off %}}{}{{% endautoescape %}}"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values_read_as_django_reads_them(expression, around, language):
    page = around.format("{{ %s }}|{%% if %s %%}yes{%% endif %%}" % (expression, expression))  # noqa: UP031
    with translation.override(language):
        drawn = [_engine(page, quick=quick).get_template("page").render(Context(VALUES)) for quick in (True, False)]
    assert drawn[0].replace(hex(id(drawn)), "") == drawn[1]


def test_what_breaks_still_breaks():
    with pytest.raises(ValueError, match="broken"):
        _engine("{{ thing.broken }}", quick=True).get_template("page").render(Context(VALUES))


def test_the_quicker_nodes_are_in_place():
    template = _engine('{{ thing.name }}{% url "orders:order_detail" number %}', quick=True).get_template("page")
    value, address = template.nodelist
    assert isinstance(value, QuickVariableNode)
    assert isinstance(value.filter_expression.var, QuickVariable)
    assert isinstance(address, QuickAddress)


@pytest.mark.parametrize("pk", [1, 0, 99_999_999_999, "7"])
def test_an_address_with_any_id(pk):
    page = '{% url "orders:order_detail" pk %} {% url "orders:line_edit" pk pk %}'
    quick, plain = (_engine(page, quick=q).get_template("page").render(Context({"pk": pk})) for q in (True, False))
    assert quick == plain


@pytest.mark.parametrize("pk", [-1, "", None, "x", True])
def test_an_id_that_fits_no_address_is_refused_as_ever(pk):
    template = _engine('{% url "orders:order_detail" pk %}', quick=True).get_template("page")
    template.render(Context({"pk": 1}))
    with pytest.raises(NoReverseMatch):
        template.render(Context({"pk": pk}))


def test_an_address_by_a_text():
    template = _engine('{% url "track:order" token %}', quick=True).get_template("page")
    assert template.render(Context({"token": "a%b"})) == "/track/a%25b/"

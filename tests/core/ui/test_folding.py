"""Constant parts of templates are drawn when they are compiled, in every language, and nothing else is."""

import pytest
from django.template import Context, Engine
from django.template.base import TextNode
from django.utils import translation

from core.ui.folding import Loader, Sentence


def _engine(**templates: str) -> Engine:
    engine = Engine(
        libraries={"i18n": "django.templatetags.i18n", "console": "core.ui.templatetags.console"},
        loaders=[("core.ui.folding.Loader", [("django.template.loaders.locmem.Loader", templates)])],
    )
    assert isinstance(engine.template_loaders[0], Loader)
    return engine


def _draw(engine: Engine, language: str, **values: object) -> str:
    with translation.override(language):
        return engine.get_template("page").render(Context(values))


def test_words_icons_addresses_and_plain_includes_become_one_text():
    page = '{% load i18n console %}<b>{% translate "Orders" %}</b>{% icon "copy" %}{% include "part" %}'
    engine = _engine(page=page, part='{% comment %}x{% endcomment %}<a href="{% url "track:search" %}">')
    with translation.override("en"):
        (only,) = engine.get_template("page").nodelist
    assert isinstance(only, TextNode)
    assert only.s.startswith("<b>Orders</b><svg")
    assert only.s.endswith('<a href="/track/">')


def test_each_language_has_its_own():
    engine = _engine(page='{% load i18n %}{% if yes %}{% translate "Orders" %}{% endif %}')
    drawn = [_draw(engine, language, yes=True) for language in ("en", "zh-hans", "en")]
    assert drawn[0] == drawn[2] == "Orders"
    assert drawn[1] != "Orders"


def test_another_language_within_a_template_stays_another():
    engine = _engine(page='{% load i18n %}{% language "en" %}{% translate "Orders" %}{% endlanguage %}')
    assert _draw(engine, "zh-hans") == "Orders"


@pytest.mark.parametrize("given", ["a", "<b>", 3])
def test_sentences_keep_their_values_and_escape_them(given):
    page = "{% load i18n %}{% blocktranslate trimmed with number=value %}Order {{ number }}{% endblocktranslate %}"
    engine = _engine(page=page)
    with translation.override("en"):
        assert any(isinstance(node, Sentence) for node in engine.get_template("page").nodelist)
    escaped = str(given).replace("<", "&lt;").replace(">", "&gt;")
    assert _draw(engine, "en", value=given) == f"Order {escaped}"


def test_a_sentence_finds_variables_of_the_page_and_stands_empty_ones():
    engine = _engine(page="{% load i18n %}{% blocktranslate %}100 % of {{ number }}{% endblocktranslate %}")
    assert _draw(engine, "en", number="<1>") == "100 % of &lt;1&gt;"
    assert _draw(engine, "en") == "100 % of "


def test_what_depends_on_the_page_is_left_alone():
    page = '{% load i18n console %}{% icon name %}{% translate "Orders" as word %}{{ word }}'
    page += '{% url "orders:order_detail" pk %}'
    engine = _engine(page=page)
    first, second = (_draw(engine, "en", name=name, pk=pk) for name, pk in (("copy", 1), ("check", 2)))
    assert first != second
    assert "Orders/orders/1/" in first
    assert "Orders/orders/2/" in second


def test_an_address_that_is_missing_is_missed_only_where_it_is_drawn():
    engine = _engine(page='{% if yes %}{% url "no:such" %}{% endif %}ok')
    assert _draw(engine, "en", yes=False) == "ok"

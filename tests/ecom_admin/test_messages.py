"""Extraction, comparison and compilation of translations."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from ecom_admin import messages

CODE = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

title = _("Open orders")
line = ngettext("%(count)d order", "%(count)d orders", 3)
verb = pgettext("verb", "Ship")
"""
TEMPLATE = """{% load i18n %}
<main>
      <h1>{% translate "Stock" %}</h1>
  {% blocktranslate trimmed count counter=n with name=sku.name %}
    {{ counter }} piece of {{ name }}
  {% plural %}
    {{ counter }} pieces of {{ name }}
  {% endblocktranslate %}
  <p title="{{ _("Quantity") }}">Ünlaut’s (own "text"</p>
</main>
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "orders").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "orders" / "views.py").write_text(CODE)
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def po(base: Path) -> Path:
    return base / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def translate(po: Path, texts: dict[str, str]) -> None:
    content = po.read_text()
    for source, target in texts.items():
        for empty in ('msgstr ""', 'msgstr[0] ""'):
            content = content.replace(f'"{source}"\n{empty}', f'"{source}"\n{empty[:-2]}"{target}"')
    po.write_text(content)


ALL = {
    "Open orders": "未完成订单",
    "%(count)d orders": "%(count)d 个订单",
    "Ship": "发货",
    "Stock": "库存",
    "%(counter)s pieces of %(name)s": "%(name)s %(counter)s 件",
    "Quantity": "数量",
}


def test_every_marked_string_is_found(base):
    found = {
        message.id if isinstance(message.id, str) else message.id[0]: message.context
        for message in messages.source_catalog(base)
        if message.id
    }
    assert found == {
        "Open orders": None,
        "%(count)d order": None,
        "Ship": "verb",
        "Stock": None,
        "%(counter)s piece of %(name)s": None,
        "Quantity": None,
    }


def test_a_complete_catalogue_has_no_problems_and_compiles(base, po):
    assert messages.update(base, po) == 6
    translate(po, ALL)
    assert messages.check(base, po) == []
    assert messages.compile_stale(base / "locale") == 1
    assert messages.compile_stale(base / "locale") == 0, "nothing has changed"
    with po.with_suffix(".mo").open("rb") as compiled:
        chinese = gettext.GNUTranslations(compiled)
    assert chinese.gettext("Stock") == "库存"
    assert chinese.pgettext("verb", "Ship") == "发货"
    assert chinese.ngettext("%(count)d order", "%(count)d orders", 1) == "%(count)d 个订单"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Stock": ""}, "missing: 'Stock'"),
        ({"%(count)d orders": "%(number)d 个订单"}, "placeholders differ: '%(count)d order'"),
        ({"%(count)d orders": "订单"}, "placeholders differ: '%(count)d order'"),
    ],
)
def test_what_is_missing_or_wrong_is_listed(base, po, changed, reason):
    messages.update(base, po)
    translate(po, ALL | changed)
    assert [str(problem) for problem in messages.check(base, po)] == [reason]


def test_a_fuzzy_translation_is_not_enough(base, po):
    messages.update(base, po)
    translate(po, ALL)
    po.write_text(po.read_text().replace('msgid "Stock"', '#, fuzzy\nmsgid "Stock"'))
    assert [str(problem) for problem in messages.check(base, po)] == ["fuzzy: 'Stock'"]


def test_an_update_keeps_translations_and_drops_what_is_gone(base, po):
    messages.update(base, po)
    translate(po, ALL)
    (base / "templates" / "page.html").write_text("{% load i18n %}{% translate 'Stock' %}{% translate 'New' %}")
    assert messages.update(base, po) == 1
    content = po.read_text()
    assert "库存" in content
    assert "Quantity" not in content
    before = content
    messages.update(base, po)
    assert po.read_text() == before, "a second run changes nothing"


def test_our_own_catalogue_is_complete():
    assert messages.check(settings.BASE_DIR, settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po") == []


def test_every_right_of_ours_is_marked_for_translation():
    marked = {message.id for message in messages.source_catalog(settings.BASE_DIR)}
    own = [model for model in apps.get_models() if model.__module__.split(".")[0] in messages.SOURCES]
    rights = {str(name) for model in own for _codename, name in model._meta.permissions}
    assert rights
    assert rights <= marked


def test_no_module_gives_a_translating_function_a_name_that_hides_its_texts():
    hidden = [
        f"{path}: {name.asname}"
        for folder in messages.SOURCES
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname and name.name in messages.KEYWORDS and name.asname not in messages.KEYWORDS
    ]
    assert hidden == []


def test_an_exception_has_one_name_in_each_language():
    """In the code it is a Case; people read "exception", which isn't "case", and 异常单, which isn't 异常."""
    po = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    texts = [
        (source, target)
        for message in messages.load(po)
        for source in messages._forms(message.id)
        for target in messages._forms(message.string)
    ]
    other_words = {"User name and password don't match. Upper and lower case matter."}
    named_otherwise = {source for source, _target in texts if re.search(r"\bcases?\b", source, re.IGNORECASE)}
    assert named_otherwise == other_words
    exceptions = [target for source, target in texts if re.search(r"\bexceptions?\b", source, re.IGNORECASE)]
    assert len(exceptions) > 40
    assert [target for target in exceptions if "异常" not in target or re.search("异常(?!单)", target)] == []

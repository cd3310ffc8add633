"""Templates obey the strict content security policy and show only what exists."""

import re
from html.parser import HTMLParser
from pathlib import Path

from django.template import loader

from tests.architecture.source import ROOT, name, templates

TEMPLATE_CODE = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}", re.DOTALL)


class Inline(HTMLParser):
    """Collects what a strict content security policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") != "application/json"):
            self.found.append(f"<{tag}> with content")
        for key, value in attrs:
            if key == "style" or key.startswith(("on", "hx-on")):
                self.found.append(f"{tag} {key}=")
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {key}=javascript:")


# E-mail programs read no style sheets; these are never shown in the console.
MAIL = ROOT / "templates" / "mail"


def inline_parts(path: Path) -> list[str]:
    parser = Inline()
    parser.feed(TEMPLATE_CODE.sub(" ", COMMENT.sub("", path.read_text(encoding="utf-8"))))
    return parser.found


def test_nothing_is_inline():
    shown = [path for path in templates() if MAIL not in path.parents]
    assert {name(path): found for path in shown if (found := inline_parts(path))} == {}


def test_templates_compile():
    for path in templates():
        loader.get_template(str(path.relative_to(ROOT / "templates")))


def test_the_test_sees_what_is_inline(tmp_path):
    path = tmp_path / "x.html"
    path.write_text(
        '<p style="color: red" {% if x %}onclick="go()"{% endif %}><script>go()</script><style>p {}</style>'
    )
    assert len(inline_parts(path)) == 4


def test_own_scripts_write_no_inline_style():
    """Setting element.style is allowed by the policy, building markup with style="" or a handler isn't."""
    blocked = re.compile(r"""style=["'\\]|setAttribute\(["'](style|on\w+)["']|\beval\(|new Function\(""")
    scripts = (ROOT / "static" / "js").rglob("*.js")
    assert not [name(path) for path in scripts if blocked.search(path.read_text(encoding="utf-8"))]

"""The forms of a page as a browser would send them untouched."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    """`fields` are (name, value) pairs; `url` is where the form goes, "" for the page itself."""

    url: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for name, _value in self.fields))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.form: PageForm | None = None
        self.by_id: dict[str, PageForm] = {}
        self.elsewhere: list[tuple[str, str, str]] = []
        self.select = self.text = ""
        self.options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            posted = values.get("hx-post")
            url = posted or values.get("hx-get") or values.get("action") or ""
            self.form = PageForm(url, "post" if posted else (values.get("method") or "get").lower())
            self.forms.append(self.form)
            self.by_id[values.get("id") or ""] = self.form
        elif values.get("form"):  # a field that stands outside of its form
            self.elsewhere.append((values["form"] or "", values.get("name") or "", values.get("value") or ""))
        elif self.form is not None:
            self._field(tag, values)

    def _field(self, tag: str, values: dict[str, str | None]) -> None:
        name, value = values.get("name") or "", values.get("value") or ""
        if tag == "select":
            self.select, self.options = name, []
        elif tag == "textarea":
            self.text = name
            self._add(name, "")
        elif tag == "option":
            self.options.append((value, "selected" in values))
        elif tag == "button" or values.get("type") == "submit":
            self._add(name, value)
        elif tag == "input" and values.get("type") in {"checkbox", "radio"}:
            if "checked" in values:
                self._add(name, value or "on")
        elif tag == "input":
            self._add(name, value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self.text = ""
        elif tag == "select" and self.select:
            chosen = [value for value, is_selected in self.options if is_selected]
            first = [value for value, _is_selected in self.options if value]
            self._add(self.select, (chosen or first or [""])[0])
            self.select = ""

    def _add(self, name: str, value: str) -> None:
        if self.form is not None and name and name != "csrfmiddlewaretoken":
            self.form.fields.append((name, value))


def forms_of(page: str) -> list[PageForm]:
    """Every form of a page, dialogs and menus among them."""
    reader = _Reader()
    reader.feed(page)
    for form_id, name, value in reader.elsewhere:
        if name and form_id in reader.by_id:
            reader.by_id[form_id].fields.append((name, value))
    return reader.forms

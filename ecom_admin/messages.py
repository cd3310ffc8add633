"""Translation catalogues without GNU gettext: extract, compare and compile with Babel."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCES = (
    "analytics", "core", "crm", "ecom_admin", "inventory", "logistics", "orders", "supply_chain", "templates",
)  # fmt: skip
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|%[sdif]|\{\{?\s*\w*\s*\}?\}")
# The same in every run, so that two branches don't quarrel about the header.
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Problem:
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.text!r}"


def source_catalog(base: Path) -> Catalog:
    """Every string that code and templates below `base` mark for translation."""
    catalog = Catalog(charset="utf-8")
    for folder in SOURCES:
        for path in sorted((base / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                _add(catalog, path.read_bytes())
        for path in sorted([*(base / folder).rglob("*.html"), *(base / folder).rglob("*.txt")]):
            _add(catalog, _as_python(path))
    return catalog


def update(base: Path, po: Path) -> int:
    """Bring the catalogue `po` in line with the source; return how many strings are to be translated."""
    source, catalog = source_catalog(base), load(po)
    catalog.update(source, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    po.parent.mkdir(parents=True, exist_ok=True)
    with po.open("wb") as out:
        write_po(out, catalog, width=100, no_location=True, sort_output=True, ignore_obsolete=True)
    return len(list(problems(source, catalog)))


def check(base: Path, po: Path) -> list[Problem]:
    """What keeps the catalogue `po` from being complete."""
    return list(problems(source_catalog(base), load(po)))


def problems(source: Catalog, catalog: Catalog) -> Iterator[Problem]:
    for message in source:
        if not message.id:
            continue
        text = _forms(message.id)[0]
        found = catalog.get(_forms(message.id)[0], message.context)
        if found is None or not all(_forms(found.string)):
            yield Problem(text, "missing")
        elif found.fuzzy:
            yield Problem(text, "fuzzy")
        elif not _same_placeholders(message, found):
            yield Problem(text, "placeholders differ")


def compile_stale(locale_dir: Path) -> int:
    """Compile each catalogue that changed since it was compiled; return how many those were."""
    count = 0
    for po in locale_dir.glob("*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        partial = mo.with_suffix(".mo.new")
        with partial.open("wb") as out:
            write_mo(out, load(po))
        partial.replace(mo)
        count += 1
    return count


def load(po: Path) -> Catalog:
    """The catalogue in the file `po`, whose folder names its locale; empty where the file is missing."""
    locale = po.parent.parent.name
    if not po.exists():
        return Catalog(
            locale=locale,
            header_comment="# Simplified Chinese of ecom-admin; `make messages` keeps it in order.",
            project="ecom-admin",
            version="1",
            msgid_bugs_address="none",
            creation_date=CREATED,
            revision_date=CREATED,
            last_translator="ecom-admin",
            language_team="ecom-admin",
            fuzzy=False,
        )
    with po.open("rb") as source:
        return read_po(source, locale=locale)


def _add(catalog: Catalog, code: bytes) -> None:
    for _line, message, comments, context in extract("python", BytesIO(code), KEYWORDS, ("Translators:",)):
        catalog.add(message, context=context, auto_comments=comments)


def _as_python(template: Path) -> bytes:
    """A template as the Python that Django's makemessages reads, without the indentation of the HTML."""
    code = templatize(template.read_text(), origin=str(template))
    return "\n".join(line.strip() for line in code.splitlines()).encode()


def _forms(text: str | Iterable[str] | None) -> list[str]:
    if text is None:
        return [""]
    return [text] if isinstance(text, str) else list(text)


def _same_placeholders(message: Message, found: Message) -> bool:
    """Each translated form has just the placeholders of one form of the source."""
    wanted = [sorted(PLACEHOLDER.findall(form)) for form in _forms(message.id)]
    return all(sorted(PLACEHOLDER.findall(form)) in wanted for form in _forms(found.string))

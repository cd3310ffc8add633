"""Messages that the apps can send, with their default texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from core.notifications.enums import Audience
from core.notifications.rules import Text, malformed_in, placeholders_in

LINK = "link"  # the full address of what the message is about; always available in staff e-mails

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of message. `placeholders` maps each name to an example, for the preview.

    `prepare` turns the stored params (ids and codes) into what the text shows, in the active language.
    """

    code: str
    label: Any
    texts: Mapping[str, Text]
    placeholders: Mapping[str, str]
    audience: Audience = Audience.STAFF
    email_by_default: bool = True
    prepare: Callable[[Params], Params] | None = field(default=None)

    def text(self, language: str) -> Text:
        """The default text in a language; English where it lacks one."""
        return self.texts.get(language) or self.texts["en"]

    def values(self, params: Params) -> Params:
        return self.prepare(params) if self.prepare else params


_templates: dict[str, Template] = {}


def register_template(
    code: str,
    texts: Mapping[str, Mapping[str, str]],
    *,
    label: Any,
    placeholders: Mapping[str, str],
    audience: Audience = Audience.STAFF,
    email_by_default: bool = True,
    prepare: Callable[[Params], Params] | None = None,
) -> None:
    """Make a message known; called from AppConfig.ready().

    `texts` is {"en": {"subject": …, "body": …}, "zh-hans": {…}}. Raises ImproperlyConfigured for a
    placeholder that isn't declared.
    """
    known = {_language(language): Text(text["subject"], text["body"]) for language, text in texts.items()}
    for language, text in known.items():
        problems = problems_of(text, set(placeholders))
        if problems:
            raise ImproperlyConfigured(f"{code} ({language}): {', '.join(problems)}")
    _templates[code] = Template(code, label, known, placeholders, audience, email_by_default, prepare)


def problems_of(text: Text, known: set[str]) -> list[str]:
    """Names that nobody fills, and parts that aren't plain placeholders."""
    both = f"{text.subject}\n{text.body}"
    return [*malformed_in(both), *sorted(placeholders_in(both) - known - {LINK})]


def template(code: str) -> Template:
    """Raises KeyError for a message that no app registers."""
    return _templates[code]


def find_template(code: str) -> Template | None:
    return _templates.get(code)


def templates() -> list[Template]:
    return sorted(_templates.values(), key=lambda template: template.code)


def _language(code: str) -> str:
    return "zh-hans" if code.lower().startswith("zh") else code.lower()

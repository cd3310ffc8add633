"""Rendering of message texts and the times of retries. Pure.

A text may hold `{{ name }}` and nothing else: no tags, filters, attributes or code, so that a manager may edit
it without being able to reach anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\{|\}\}", re.DOTALL)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body of a message; in the console the subject alone is shown."""

    subject: str
    body: str


def placeholders_in(text: str) -> set[str]:
    """The names that a text substitutes."""
    return set(_PLACEHOLDER.findall(text))


def malformed_in(text: str) -> list[str]:
    """Parts that look like template code but aren't a plain placeholder."""
    return [match for match in _BRACES.findall(text) if not _PLACEHOLDER.fullmatch(match)]


def substitute(text: str, params: Mapping[str, Any]) -> str:
    """Put the values in place; an unknown name becomes empty. Values are never looked into again."""
    return _PLACEHOLDER.sub(lambda match: str(params.get(match[1], "")), text)


def one_line(text: str) -> str:
    """A text fit for a mail header."""
    return " ".join(text.split())


def retry_at(now: datetime, attempts: int) -> datetime:
    """When to try again after `attempts` (≥ 1) failed tries: 30 s, doubling, an hour at most."""
    pause: timedelta = FIRST_RETRY * (1 << min(attempts - 1, 10))
    return now + min(LONGEST_RETRY, pause)

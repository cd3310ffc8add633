"""The timeline of a detail page: everything that happened, from every app that registers a source."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import actor_name, reason_words
from core.audit.models import AuditEntry
from core.audit.words import action_label
from core.kept import KeptQuery
from core.ui.changes import change_words
from core.ui.content import Text

NEWEST_ENTRIES = 200
KINDS: dict[str, Text] = {
    "note": _("Notes"),
    "change": _("Changes"),
    "state": _("Progress"),
    "message": _("Messages"),
    "system": _("System"),
}


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """Something that happened.

    Args:
        at: when (aware).
        title: what, in the past tense ("Hold released").
        body: more words; line breaks are kept.
        actor: who ("Ann Lee", "System", an API key's name).
        icon: Tabler outline icon.
        colour: neutral|info|progress|success|warning|danger.
        url: where it leads.
        kind: "note", "change", "state", "message" or "system" (the timeline's filter).
        changes: field label → (old, new).
    """

    at: datetime
    title: Text
    body: Text = ""
    actor: Text = ""
    icon: str = "point"
    colour: str = "neutral"
    url: str = ""
    kind: str = "state"
    changes: Mapping[Text, tuple[Any, Any]] = field(default_factory=dict)


TimelineSource = Callable[[Any, Any], Iterable[TimelineEntry]]

_sources: dict[str, dict[str, TimelineSource]] = {}


def register_timeline(page: str, source: TimelineSource) -> None:
    """Add a source of entries to a detail page.

    Args:
        page: the DetailPage's key ("orders.order").
        source: gets (object, user) and returns entries, in any order, newest 200 at most; it must cost a fixed
            number of queries.
    """
    name = f"{source.__module__}.{getattr(source, '__qualname__', repr(source))}"
    _sources.setdefault(page, {})[name] = source


def entries_for(page: str, obj: Any, user: Any) -> list[TimelineEntry]:
    """All entries of an object's page, newest first."""
    entries = [entry for source in _sources.get(page, {}).values() for entry in source(obj, user)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def merged(entries: list[TimelineEntry], more: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """Both, newest first."""
    return sorted([*entries, *more], key=lambda entry: entry.at, reverse=True)


def audit_entries(subject_type: str, subject_id: int) -> list[TimelineEntry]:
    """The newest audit entries about an object, in the words that core.audit.words has for the actions."""
    entries = []
    for row in _AUDIT.fetch(subject_type=subject_type, subject_id=subject_id):
        label, icon, colour = action_label(row.action)
        entries.append(
            TimelineEntry(
                at=row.at,
                title=label,
                body=reason_words(row.reason),
                actor=actor_name(row.actor_label),
                icon=icon,
                colour=colour,
                kind="change" if row.actor_kind != "system" else "system",
                changes=change_words(subject_type, row.changes),
            )
        )
    return entries


def _newest_entries(subject_type: Any, subject_id: Any) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return entries.order_by("-id")[:NEWEST_ENTRIES]


_AUDIT = KeptQuery(_newest_entries, subject_type="text", subject_id="bigint")

"""Cases put into words, in the active language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.actor import reason_words
from core.cases.enums import CaseEventKind
from core.cases.models import Case, CaseEvent
from core.cases.registry import Fact, find_case_type
from core.ui.content import Badge
from core.ui.formats import absolute_text


class _Filling(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def type_label(code: str) -> str:
    """The name of a type; its code where the app that had it is gone."""
    kind = find_case_type(code)
    return str(kind.label) if kind else code


def summary(code: str, text: str, summary_code: str, params: Mapping[str, Any]) -> str:
    """What is wrong: the seed's own text, or the type's text for its code with the parameters put in."""
    kind = find_case_type(code)
    if text or kind is None or summary_code not in kind.summaries:
        return text
    words = {name: kind.param_words.get(name, str)(value) for name, value in params.items()}
    filling = _Filling({name: reason_words(text) for name, text in words.items()})
    return str(kind.summaries[summary_code]).format_map(filling)


def summary_of(case: Case) -> str:
    return summary(case.type, case.summary, case.summary_code, case.summary_params)


def title_of(case: Case) -> str:
    """What the case is called: its type and its subject."""
    return gettext("%(type)s: %(subject)s") % {"type": type_label(case.type), "subject": case.subject_label}


def resolution_label(case: Case) -> str:
    """The chosen resolution in words."""
    if case.resolution == "cleared":
        return gettext("The cause went away")
    return _resolution_name(case.type, case.resolution)


def _resolution_name(type_code: str, code: str) -> str:
    kind = find_case_type(type_code)
    found = kind.resolution(code) if kind else None
    return str(found.label) if found else code


def due_badge(case: Case, now: datetime) -> Badge | None:
    """How the case stands against its deadline; None when nothing needs saying."""
    if not case.is_open:
        return None
    if case.waiting_since is not None:
        return Badge(label=_("Clock stopped"), colour="neutral", icon="player-pause")
    if now >= case.resolve_by:
        return Badge(label=_("Overdue"), colour="danger", icon="clock-exclamation")
    if now >= case.warn_at:
        return Badge(label=_("Due soon"), colour="warning", icon="clock")
    if case.responded_at is None and now >= case.respond_by:
        return Badge(label=_("No response yet"), colour="warning", icon="message-circle-question")
    return None


def event_title(event: CaseEvent) -> str:
    """A line of the history."""
    if event.kind == CaseEventKind.ASSIGNED and event.data.get("to"):
        return gettext("Assigned to %(who)s") % {"who": event.data["to"]}
    if event.kind == CaseEventKind.TRIED:
        return gettext("Tried: %(what)s") % {"what": _resolution_name(event.case.type, event.data["resolution"])}
    return str(CaseEventKind(event.kind).label)


def event_note(event: CaseEvent, case: Case) -> str:
    """What is said beside the title: the note, or what the case said before its facts changed."""
    if event.kind != CaseEventKind.CHANGED:
        return event.note
    before, after = (
        summary(case.type, facts["summary"], facts["summary_code"], facts["summary_params"])
        for facts in (event.data["before"], event.data["after"])
    )
    return f"{before} → {after}" if before != after else after


def facts_of(case: Case, user: Any) -> Sequence[Fact]:
    """What the case's type tells about its subject."""
    kind = find_case_type(case.type)
    return kind.facts(case, user) if kind and kind.facts else ()


def alert_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the alert messages from what a notification keeps."""
    count = int(params.get("count", 1))
    label = type_label(params["type"])
    subject = gettext("%(type)s: %(subject)s") % {"type": label, "subject": params["subject"]}
    due = params.get("due")
    return {
        "what": subject
        if count == 1
        else ngettext("%(count)d exception", "%(count)d exceptions", count) % {"count": count} + f" · {label}",
        "summary": summary(params["type"], params["summary"], params["summary_code"], params["summary_params"])
        if count == 1
        else "",
        "due": absolute_text(datetime.fromisoformat(due)) if due else "",
        "procedure": _procedure(params["type"]),
    }


def _procedure(code: str) -> str:
    kind = find_case_type(code)
    return str(kind.procedure) if kind else ""

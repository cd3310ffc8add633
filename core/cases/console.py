"""What cases add to the console: navigation, their page's parts, a card on Today, links in Settings."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.actor import actor_name
from core.audit.words import register_action_labels
from core.cases import views  # noqa: F401 - registers the list
from core.cases.actions import handing_on, resolution_actions, resolving_roles
from core.cases.enums import CaseEventKind, CaseStatus
from core.cases.models import Case
from core.cases.panels import describe
from core.cases.permissions import VIEW, WORK
from core.cases.registry import find_case_type
from core.cases.selectors import open_cases_for, urgent_for, waiting_for
from core.cases.words import event_note, event_title, facts_of, resolution_label, summary_of, type_label
from core.ui.content import PageAction, PanelContent, allowed_actions
from core.ui.counting import capped_count
from core.ui.nav import NavItem, register_nav
from core.ui.panels import register_panel
from core.ui.search import SearchHit, register_search
from core.ui.setup_links import register_setting
from core.ui.timeline import TimelineEntry, register_timeline
from core.ui.today import register_today_card
from core.words import listed

PAGE = "cases.case"

# event → (icon, colour, kind of timeline entry)
_LOOKS = {
    CaseEventKind.COMMENTED: ("message", "neutral", "note"),
    CaseEventKind.OPENED: ("alert-triangle", "warning", "state"),
    CaseEventKind.REOPENED: ("rotate-clockwise", "danger", "state"),
    CaseEventKind.WARNED: ("clock", "warning", "system"),
    CaseEventKind.ESCALATED: ("arrow-up-circle", "danger", "system"),
    CaseEventKind.TRIED: ("refresh", "info", "state"),
    CaseEventKind.RESOLVED: ("circle-check", "info", "state"),
    CaseEventKind.CLEARED: ("circle-check", "success", "system"),
    CaseEventKind.CHANGED: ("refresh", "warning", "system"),
    CaseEventKind.VERIFIED: ("rosette-discount-check", "success", "system"),
    CaseEventKind.CLOSED: ("archive", "neutral", "system"),
}
_USUAL_LOOK = ("progress", "info", "state")


def about(request: HttpRequest, case: Case) -> PanelContent:
    kind = find_case_type(case.type)
    facts, subject_url = facts_of(case, request.user), kind.subject_url(case.subject_id) if kind else ""
    context = {
        "summary": summary_of(case),
        "subject_url": subject_url,
        "facts": facts,
        "is_among_facts": any(fact.url == subject_url for fact in facts),
        "resolution": resolution_label(case),
    }
    return PanelContent("cases/_about.html", context)


def what_to_do(request: HttpRequest, case: Case) -> PanelContent | None:
    kind = find_case_type(case.type)
    if kind is None or not case.is_open:
        return None
    ways_out = [
        replace(action, style="default") if action.style == "primary" else action  # the page's head has the primary one
        for action in resolution_actions(case, request.user, keys=False)
    ]
    others = [] if ways_out else allowed_actions(handing_on(case, request.user), request.user)
    who_can = listed([str(role.label) for role in resolving_roles(case)])
    context = {"procedure": kind.procedure, "ways_out": ways_out, "others": others, "who_can": who_can}
    return PanelContent("cases/_what_to_do.html", context)


def deadlines(request: HttpRequest, case: Case) -> PanelContent:
    return PanelContent("cases/_deadlines.html", {"team": Role(case.role).label, "statuses": CaseStatus})


def history(case: Case, user: Any) -> Iterable[TimelineEntry]:
    for event in case.events.order_by("-id")[:200]:
        icon, colour, kind = _LOOKS.get(CaseEventKind(event.kind), _USUAL_LOOK)
        yield TimelineEntry(
            at=event.at,
            title=event_title(event),
            body=event_note(event, case),
            actor=actor_name(event.actor_label),
            icon=icon,
            colour=colour,
            kind=kind,
        )


def for_you(request: HttpRequest) -> PanelContent | None:
    cases = urgent_for(request.user, 6)
    if not cases:
        return None
    work = PageAction(label=_("Work through"), url=reverse("cases:work"), icon="player-play")
    return PanelContent("cases/_for_you.html", {"lines": [describe(case) for case in cases]}, actions=(work,))


def find_cases(user: Any, query: str, limit: int) -> list[SearchHit]:
    cases = open_cases_for(user).filter(subject_label__iexact=query.strip()).order_by("resolve_by")
    return [
        SearchHit(
            type_label(case.type), summary_of(case) or case.subject_label, describe(case)["url"], "alert-triangle"
        )
        for case in cases[:limit]
    ]


register_nav(
    "exceptions",
    NavItem(
        _("Inbox"),
        "cases:case_list",
        VIEW,
        icon="alert-triangle",
        count=lambda user: capped_count(waiting_for(user)),
        order=10,
        roles=(Role.ORDER_CLERK, Role.CUSTOMER_SERVICE, Role.OPERATIONS_MANAGER, Role.BUYER),
        urgent=True,
    ),
)
register_nav(
    "exceptions",
    NavItem(
        _("Work through"),
        "cases:work",
        WORK,
        icon="player-play",
        count=lambda user: capped_count(waiting_for(user)),
        order=20,
    ),
)
register_panel(PAGE, code="about", title=_("What is wrong"), render=about, order=10)
register_panel(PAGE, code="what_to_do", title=_("What to do"), render=what_to_do, order=20)
register_panel(PAGE, code="deadlines", title=_("People and deadlines"), render=deadlines, order=10, column="side")
register_timeline(PAGE, history)
register_action_labels(
    {f"cases.{kind.value}": (kind.label, *_LOOKS.get(kind, _USUAL_LOOK)[:2]) for kind in CaseEventKind}
)
register_today_card("cases.for_you", WORK, 20, for_you, title=_("Exceptions for you"), size="l")
register_search("cases", _("Open exceptions"), VIEW, find_cases, order=60, url_name="cases:case_list")
register_setting(
    _("Exceptions"),
    _("Exception policies"),
    "admin:cases_casepolicy_changelist",
    "cases.change_casepolicy",
    description=_("Deadlines, teams and escalation by type"),
    icon="alert-triangle",
)
register_setting(
    _("Exceptions"),
    _("Business calendars"),
    "admin:calendars_businesscalendar_changelist",
    "calendars.change_businesscalendar",
    description=_("Working hours and holidays that deadlines count by"),
    icon="calendar",
)

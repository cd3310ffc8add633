"""Cases on the pages of what they are about.

# orders/console.py
register_panel("orders.order", code="cases", title=_("Exceptions"), render=cases_panel("orders.order"), permission=VIEW)

# the page's banners()
return case_banners(self.request, "orders.order", order.pk)
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.cases.actions import resolution_actions
from core.cases.models import Case
from core.cases.permissions import VIEW
from core.cases.selectors import OPEN, cases_for, subject_cases
from core.cases.words import due_badge, resolution_label, summary_of, title_of, type_label
from core.ui.content import Banner, PageAction, PanelContent
from core.ui.formats import relative_text
from core.ui.panels import PanelRender

_LEVELS = {"info": "info", "warning": "warning", "danger": "danger"}


def cases_panel(subject_type: str) -> PanelRender:
    """A panel with the cases of the page's object, open ones first; left out where there are none."""

    def render(request: HttpRequest, obj: Any) -> PanelContent | None:
        cases = _cases_of(request, subject_type, obj.pk)
        if not cases:
            return None
        lines = [describe(case) for case in cases]
        still_open = sum(case.is_open for case in cases)
        return PanelContent("cases/_subject_cases.html", {"lines": lines}, count=still_open or None)

    return render


def case_banners(
    request: HttpRequest, subject_type: str, subject_id: int, leave_out: Collection[str] = ()
) -> list[Banner]:
    """The open cases of a thing as banners with their one-click resolutions, those due first on top.

    `leave_out` are codes of types that the page shows in another way.
    """
    if not request.user.has_perm(VIEW):
        return []
    cases = [c for c in _cases_of(request, subject_type, subject_id) if c.is_open and c.type not in leave_out]
    return [_banner(case, request) for case in sorted(cases, key=lambda case: case.resolve_by)[:5]]


def open_case_lines(
    request: HttpRequest, subject_type: str, subject_ids: Collection[int]
) -> dict[int, list[dict[str, Any]]]:
    """The open cases of several things by their ids, as `describe` tells them: for pages that list such things."""
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if subject_ids and request.user.has_perm(VIEW):
        found = cases_for(request.user).filter(subject_type=subject_type, subject_id__in=subject_ids, status__in=OPEN)
        for case in found.order_by("resolve_by"):
            lines[case.subject_id].append(describe(case))
    return dict(lines)


def _cases_of(request: HttpRequest, subject_type: str, subject_id: int) -> list[Case]:
    """Read once for a page, whose banners and panel both show them."""
    known: dict[tuple[str, int], list[Case]] = request.__dict__.setdefault("_cases_of_subjects", {})
    key = (subject_type, subject_id)
    if key not in known:
        known[key] = subject_cases(request.user, subject_type, subject_id)
    return known[key]


def describe(case: Case) -> dict[str, Any]:
    """What the templates of lists of cases show."""
    return {
        "case": case,
        "title": title_of(case),
        "type": type_label(case.type),
        "summary": summary_of(case),
        "url": reverse("cases:case_detail", args=[case.pk]),
        "due": due_badge(case, timezone.now()),
        "resolution": resolution_label(case),
    }


def _banner(case: Case, request: HttpRequest) -> Banner:
    owner = case.assigned_to.label if case.assigned_to else _("nobody yet")
    opened = PageAction(label=_("Open exception"), url=reverse("cases:case_detail", args=[case.pk]))
    return Banner(
        level=_LEVELS[case.severity],
        title=type_label(case.type),
        body=_("%(summary)s · due %(due)s · assigned to %(owner)s")
        % {"summary": summary_of(case) or case.subject_label, "due": relative_text(case.resolve_by), "owner": owner},
        actions=[*resolution_actions(case, request.user, request.path, keys=False)[:3], opened],
    )

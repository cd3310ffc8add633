"""The buttons of a case, shared by its page, its work screen and the pages of its subject."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.roles import granted
from core.cases.enums import CASE_TRANSITIONS, CaseStatus
from core.cases.models import Case
from core.cases.permissions import ASSIGN, WORK
from core.cases.registry import Resolution, find_case_type
from core.ui.content import PageAction

_STYLES = {"primary": "primary", "danger": "danger"}


def resolution_actions(case: Case, user: Any, next_url: str = "", keys: bool = True) -> list[PageAction]:
    """The ways out of an open case that the person may take, the recommended one first."""
    kind = find_case_type(case.type)
    if kind is None or not case.is_open or not user.has_perm(WORK):
        return []
    allowed = [item for item in kind.offered(case.summary_code) if _is_offered(item, case, user)]
    return [
        _resolution_action(case, _one_primary(item, number), next_url, str(number) if keys and number < 10 else "")
        for number, item in enumerate(allowed, start=1)
    ]


def _one_primary(item: Resolution, number: int) -> Resolution:
    """Only the first way out stands out: of several that are recommended, those before it weren't offered."""
    return replace(item, style="secondary") if number > 1 and item.style == "primary" else item


def _is_offered(item: Resolution, case: Case, user: Any) -> bool:
    if item.permission is not None and not user.has_perm(item.permission):
        return False
    return item.offered is None or item.offered(case, user)


def _resolution_action(case: Case, item: Resolution, next_url: str, key: str) -> PageAction:
    needs_form = bool(item.fields)
    return PageAction(
        label=item.label,
        url=_with_next(reverse("cases:case_resolve", args=[case.pk, item.code]), next_url if needs_form else ""),
        method="get" if needs_form else "post",
        dialog=needs_form,
        style=_STYLES.get(item.style, "default"),
        params={"next": next_url} if next_url and not needs_form else {},
        key=key,
    )


def work_actions(case: Case, user: Any, next_url: str = "") -> Sequence[PageAction]:
    """Take, start, wait, resume, assign, give back, reopen: what the case's state allows."""
    params = {"next": next_url} if next_url else {}
    possible: list[PageAction] = []
    if case.is_open and case.assigned_to_id != user.pk:
        possible.append(_post(case, "case_take", _("Assign to me"), "user-check", "t", params))
    if CASE_TRANSITIONS.allows(case.status_enum, CaseStatus.IN_PROGRESS) and case.status not in {
        CaseStatus.IN_PROGRESS,
        CaseStatus.WAITING,
    }:
        possible.append(_post(case, "case_start", _("Start work"), "player-play", "s", params))
    if case.status == CaseStatus.WAITING:
        possible.append(_post(case, "case_resume", _("Resume"), "player-play", "w", params))
    elif case.is_open:
        possible.append(_dialog(case, "case_wait", _("Wait"), "player-pause", WORK, "w", next_url))
    possible += handing_on(case, user, next_url)
    if CASE_TRANSITIONS.allows(case.status_enum, CaseStatus.REOPENED):
        possible.append(_dialog(case, "case_reopen", _("Reopen"), "rotate-clockwise", WORK, "", next_url))
    return possible


def handing_on(case: Case, user: Any, next_url: str = "") -> list[PageAction]:
    """Giving an open case to somebody else: managers to anybody, who can't resolve it to its team."""
    if not case.is_open:
        return []
    possible = [_dialog(case, "case_assign", _("Assign to somebody"), "user-share", ASSIGN, "a", next_url)]
    if may_pass_on(case, user):
        label = _("Pass on to somebody who can")
        possible = [_dialog(case, "case_pass_on", label, "user-share", WORK, "a", next_url)]
    if case.assigned_to_id == user.pk:
        params = {"next": next_url} if next_url else {}
        possible.append(_post(case, "case_give_back", _("Give back to the team"), "user-minus", "", params))
    return possible


def may_pass_on(case: Case, user: Any) -> bool:
    """Whether an open case that is nobody's or the person's own is beyond them, and nobody else gives it away.

    It may be beyond them in one way only: who can order goods, and can't get any, leaves it to who can cancel.
    """
    if not case.is_open or case.assigned_to_id not in {None, user.pk} or user.has_perm(ASSIGN):
        return False
    kind = find_case_type(case.type)
    needed = {item.permission for item in kind.offered(case.summary_code) if item.permission} if kind else set()
    return not user.has_perms(needed) or not resolution_actions(case, user)


def resolving_roles(case: Case) -> list[Role]:
    """Whose right it is to take one of the ways out: not always the team that minds the type."""
    kind = find_case_type(case.type)
    needed = {item.permission or WORK for item in kind.offered(case.summary_code)} if kind else set()
    able = {role for right in needed for role in granted(*right.split("."))} & set(granted(*WORK.split(".")))
    return [role for role in Role if role in able]


def _post(case: Case, name: str, label: Any, icon: str, key: str, params: dict[str, str]) -> PageAction:
    url = reverse(f"cases:{name}", args=[case.pk])
    return PageAction(label=label, url=url, method="post", icon=icon, permission=WORK, key=key, params=params)


def _dialog(case: Case, name: str, label: Any, icon: str, permission: str, key: str, next_url: str) -> PageAction:
    url = _with_next(reverse(f"cases:{name}", args=[case.pk]), next_url)
    return PageAction(label=label, url=url, dialog=True, icon=icon, permission=permission, key=key)


def _with_next(url: str, next_url: str) -> str:
    return f"{url}?{urlencode({'next': next_url})}" if next_url else url

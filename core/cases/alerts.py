"""Who is told of a case, and in what words."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.models import User
from core.cases.models import Case, CasePolicy
from core.cases.selectors import cases_seen_by
from core.cases.words import alert_words
from core.notifications.enums import Level
from core.notifications.registry import register_template
from core.notifications.services import notify

OPENED = "cases.opened"
REOPENED = "cases.reopened"
ASSIGNED = "cases.assigned"
WARNED = "cases.warned"
ESCALATED = "cases.escalated"

_BODY_EN = "{{ what }}\n{{ summary }}\n\n%s\n\nWhat to do:\n{{ procedure }}\n\n{{ link }}\n"
_BODY_ZH = "{{ what }}\n{{ summary }}\n\n%s\n\n处理办法：\n{{ procedure }}\n\n{{ link }}\n"
_EXAMPLES = {
    "what": "Order failed validation: SO-1042",
    "summary": "The postcode doesn't exist.",
    "due": "2 March 2026, 12:00",
    "procedure": "Correct the field.",
}
_BY = ("Resolve by {{ due }}.", "请在 {{ due }} 前解决。")
_SOON = (
    "Three quarters of the time are used up. Resolve by {{ due }}.",
    "时限已过四分之三，请在 {{ due }} 前解决。",
)
_LATE = ("It should have been resolved by {{ due }}.", "本应在 {{ due }} 前解决。")
# code, name, subject in English and Chinese, the body's sentence on the deadline in both
_MESSAGES = [
    (OPENED, _("New exception"), ("{{ what }}", "{{ what }}"), _BY),
    (REOPENED, _("Exception reopened"), ("Reopened: {{ what }}", "重新打开：{{ what }}"), _BY),
    (ASSIGNED, _("Exception assigned to you"), ("For you: {{ what }}", "已指派给你：{{ what }}"), _BY),
    (WARNED, _("Exception due soon"), ("Due soon: {{ what }}", "即将到期：{{ what }}"), _SOON),
    (ESCALATED, _("Exception escalated"), ("Escalated: {{ what }}", "已升级：{{ what }}"), _LATE),
]


def register_messages() -> None:
    """Called from CasesConfig.ready()."""
    for code, label, subjects, sentences in _MESSAGES:
        register_template(
            code,
            {
                "en": {"subject": subjects[0], "body": _BODY_EN % sentences[0]},
                "zh-hans": {"subject": subjects[1], "body": _BODY_ZH % sentences[1]},
            },
            label=label,
            placeholders=_EXAMPLES,
            prepare=alert_words,
        )


def alert(code: str, case_ids: Sequence[int], level: str) -> None:
    """Tell each case's owner, or its team where it has none; nobody hears of a case that they may not see."""
    cases = _cases(case_ids)
    members = _members({case.role for case in cases if case.assigned_to_id is None})
    wanted = {case.pk: [case.assigned_to_id] if case.assigned_to_id else members[case.role] for case in cases}
    _tell_who_see(code, cases, wanted, level)


def alert_escalated(case_ids: Sequence[int]) -> None:
    """Tell the escalation owner of each type, by default the operations managers, and each case's owner."""
    cases = _cases(case_ids)
    owners = dict(CasePolicy.objects.filter(escalate_to__isnull=False).values_list("type", "escalate_to_id"))
    managers = _members({Role.OPERATIONS_MANAGER})[Role.OPERATIONS_MANAGER]
    wanted = {}
    for case in cases:
        bosses = [owners[case.type]] if case.type in owners else managers
        wanted[case.pk] = [*bosses, *([case.assigned_to_id] if case.assigned_to_id else [])]
    _tell_who_see(ESCALATED, cases, wanted, Level.DANGER)


def alert_assigned(case_id: int, user_id: int) -> None:
    """Tell a person that a case is theirs now."""
    _tell_who_see(ASSIGNED, list(Case.objects.filter(pk=case_id)), {case_id: [user_id]}, Level.INFO)


def _cases(case_ids: Sequence[int]) -> list[Case]:
    """The cases that still need somebody."""
    return [case for case in Case.objects.filter(pk__in=case_ids).order_by("resolve_by", "pk") if case.is_open]


def _by_type(cases: Iterable[Case]) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.type].append(case)
    return groups


def _members(roles: Collection[str]) -> dict[str, list[int]]:
    """Role → the people in it."""
    members: dict[str, list[int]] = {role: [] for role in roles}
    pairs = User.objects.filter(is_active=True, groups__name__in=roles).order_by("pk")
    for role, user_id in pairs.values_list("groups__name", "pk"):
        members[role].append(user_id)
    return members


def _tell_who_see(code: str, cases: Sequence[Case], wanted: Mapping[int, Collection[int]], level: str) -> None:
    """Tell the wanted people of each case (its id → ids of people), as far as they may see it."""
    seen = cases_seen_by({pk for people in wanted.values() for pk in people}, list(wanted))
    for case_type, group in _by_type(cases).items():
        receivers: dict[int, list[Case]] = defaultdict(list)
        for case in group:
            for user_id in dict.fromkeys(wanted[case.pk]):
                if case.pk in seen.get(user_id, ()):
                    receivers[user_id].append(case)
        _tell(code, case_type, receivers, level)


def _tell(code: str, case_type: str, receivers: dict[int, list[Case]], level: str) -> None:
    """One notification for each set of people who see the same cases."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    by_id = {case.pk: case for group in receivers.values() for case in group}
    for user_id, cases in receivers.items():
        groups[tuple(case.pk for case in cases)].append(user_id)
    inbox = f"{reverse('cases:case_list')}?{urlencode({'state': 'open', 'type': case_type})}"
    for case_ids, user_ids in groups.items():
        first = by_id[case_ids[0]]
        single = reverse("cases:case_detail", args=[first.pk])
        notify(
            code=code,
            user_ids=user_ids,
            params={
                "type": case_type,
                "subject": first.subject_label,
                "summary": first.summary,
                "summary_code": first.summary_code,
                "summary_params": first.summary_params,
                "due": first.resolve_by.isoformat(),
            },
            url=single if len(case_ids) == 1 else inbox,
            level=level,
            count=len(case_ids),
            group_key=case_type,
            group_url=inbox,
        )

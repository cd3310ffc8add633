"""Opening cases, and closing them when their cause goes away. Set-based: 500 cost what 1 costs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.actor import SYSTEM, Actor
from core.cases.enums import CaseEventKind, CaseStatus
from core.cases.events import CasesOpened, CasesReopened, CasesVerified
from core.cases.models import Case
from core.cases.policies import Terms, terms_of
from core.cases.registry import CaseSeed, case_type
from core.cases.rules import Deadlines, deadlines
from core.cases.services.history import Happening, write_history
from core.db import insert_rows
from core.outbox.services import publish

_COLUMNS = [
    "type",
    "status",
    "severity",
    "subject_type",
    "subject_id",
    "subject_label",
    "summary",
    "summary_code",
    "summary_params",
    "data",
    "scope_channel_id",
    "scope_warehouse_id",
    "role",
    "assigned_to_id",
    "cause_at",
    "opened_at",
    "respond_by",
    "warn_at",
    "resolve_by",
    "is_escalated",
    "waiting_reason",
    "checked_at",
    "resolution",
    "resolution_note",
    "resolved_by_label",
    "reopened_count",
]
_NEW = ["id", "type", "subject_type", "subject_id", "status"]
_FACTS = ["summary", "summary_code", "summary_params", "data"]
_ONE_PER_SUBJECT = "ON CONFLICT (type, subject_type, subject_id) WHERE NOT (status = 'closed') DO NOTHING"


@transaction.atomic
def open_cases(seeds: Sequence[CaseSeed], actor: Actor = SYSTEM) -> list[int]:
    """Open a case for every seed whose subject has none of that type; returns the ids that are new.

    A verified case that isn't closed yet is reopened instead. One that is open takes over what is new about its
    cause, and its history keeps what it said before. Raises KeyError for an unknown type.
    """
    if not seeds:
        return []
    terms = terms_of(seed.type for seed in seeds)
    wanted = sorted(
        (seed for seed in seeds if terms[seed.type].is_detected),
        key=lambda seed: (seed.type, seed.subject_type, seed.subject_id),  # one order of locks for everybody
    )
    now = timezone.now()
    due = {code: deadlines(t.hours, now, t.respond_minutes, t.resolve_minutes) for code, t in terms.items()}
    _reopen_returned(wanted, due, actor, now)
    rows = [_row(seed, terms[seed.type], due[seed.type], now) for seed in wanted]
    written = insert_rows(Case, _COLUMNS, rows, on_conflict=_ONE_PER_SUBJECT, returning=_NEW)
    ids = [case_id for case_id, *_key, _status in written]
    if ids:
        write_history([Happening(pk, CaseEventKind.OPENED, "", status) for pk, *_key, status in written], actor, now)
        publish(CasesOpened(case_ids=ids))
    opened = {tuple(key) for _pk, *key, _status in written}
    _renew([seed for seed in wanted if _key_of(seed) not in opened], actor, now)
    return ids


def _key_of(seed: CaseSeed) -> tuple[str, str, int]:
    return (seed.type, seed.subject_type, seed.subject_id)


def _renew(seeds: Sequence[CaseSeed], actor: Actor, now: datetime) -> None:
    """Let cases that are open say what is true of their cause now."""
    if not seeds:
        return
    by_key = {_key_of(seed): seed for seed in seeds}
    known = Case.objects.filter(_about(seeds), status__in=CaseStatus.OPEN)
    stale = [case.pk for case in known if _news(case, by_key) is not None]
    happenings, changed = [], []
    for case in Case.objects.select_for_update().filter(pk__in=stale).order_by("pk") if stale else ():
        after = _news(case, by_key)
        if after is not None and case.is_open:
            before = {name: getattr(case, name) for name in _FACTS if name != "data"}
            for name, value in after.items():
                setattr(case, name, value)
            told = {name: after[name] for name in before}
            data = {"before": before, "after": told}
            happenings.append(Happening(case.pk, CaseEventKind.CHANGED, case.status, data=data))
            changed.append(case)
    if changed:
        Case.objects.bulk_update(changed, _FACTS)
        write_history(happenings, actor, now)


def _news(case: Case, seeds: Mapping[tuple[str, str, int], CaseSeed]) -> dict[str, Any] | None:
    """The facts of a case as its seed has them, as JSON keeps them; None where the case has them already."""
    seed = seeds.get((case.type, case.subject_type, case.subject_id))
    if seed is None:
        return None
    merge = case_type(case.type).merge
    if merge is not None:
        seed = merge(case.data, seed)
    facts = {
        "summary": str(seed.summary),
        "summary_code": seed.summary_code,
        "summary_params": dict(seed.summary_params),
        "data": dict(seed.data),
    }
    facts = json.loads(json.dumps(facts, cls=DjangoJSONEncoder))
    return facts if any(facts[name] != getattr(case, name) for name in _FACTS) else None


@transaction.atomic
def clear_cases(type: str, subject_ids: Iterable[int], actor: Actor = SYSTEM) -> list[int]:  # noqa: A002
    """The cause of these subjects' cases of a type went away: resolve and verify them; returns their ids."""
    cases = list(
        Case.objects.select_for_update()
        .filter(type=type, subject_id__in=list(subject_ids), status__in=[*CaseStatus.OPEN, CaseStatus.RESOLVED])
        .order_by("pk")
    )
    return mark_gone(cases, actor, timezone.now())


def mark_gone(cases: Sequence[Case], actor: Actor, now: datetime) -> list[int]:
    """Verify locked cases whose cause no longer exists; those not resolved yet were cleared by that."""
    if not cases:
        return []
    happenings = []
    for case in cases:
        cleared = case.status != CaseStatus.RESOLVED
        kind = CaseEventKind.CLEARED if cleared else CaseEventKind.VERIFIED
        happenings.append(Happening(case.pk, kind, case.status, CaseStatus.VERIFIED))
        if cleared:
            case.resolution = "cleared"
            case.resolved_by_label = actor.label
            case.resolved_at = now
        case.status = CaseStatus.VERIFIED
        case.verified_at = case.checked_at = now
        case.waiting_since = case.waiting_until = case.verify_at = None
    Case.objects.bulk_update(cases, _GONE_FIELDS)
    write_history(happenings, actor, now)
    publish(CasesVerified(case_ids=[case.pk for case in cases]))
    return [case.pk for case in cases]


_GONE_FIELDS = [
    "status",
    "resolution",
    "resolved_by_label",
    "resolved_at",
    "verified_at",
    "checked_at",
    "verify_at",
    "waiting_since",
    "waiting_until",
]


def mark_reopened(
    cases: Sequence[Case], due: dict[str, Deadlines], actor: Actor, now: datetime, note: str = ""
) -> None:
    """Reopen locked cases with fresh deadlines by type; the owner stays."""
    if not cases:
        return
    happenings = [Happening(case.pk, CaseEventKind.REOPENED, case.status, CaseStatus.REOPENED, note) for case in cases]
    for case in cases:
        if case.reopened_count == 0:
            case.first_resolved_at, case.first_resolve_by = case.resolved_at, case.resolve_by
        case.status = CaseStatus.REOPENED
        case.reopened_count += 1
        case.checked_at = now
        case.warn_at, case.resolve_by = due[case.type].warn_at, due[case.type].resolve_by
        case.warned_at = case.escalated_at = case.resolved_at = case.verified_at = case.verify_at = None
        case.is_escalated = False
    Case.objects.bulk_update(cases, _REOPEN_FIELDS)
    write_history(happenings, actor, now)
    publish(CasesReopened(case_ids=[case.pk for case in cases]))


_REOPEN_FIELDS = [
    "status",
    "reopened_count",
    "first_resolved_at",
    "first_resolve_by",
    "checked_at",
    "warn_at",
    "resolve_by",
    "warned_at",
    "is_escalated",
    "escalated_at",
    "resolved_at",
    "verified_at",
    "verify_at",
]


def _reopen_returned(seeds: Sequence[CaseSeed], due: dict[str, Deadlines], actor: Actor, now: datetime) -> None:
    if not seeds:
        return
    returned = Case.objects.select_for_update().filter(_about(seeds), status=CaseStatus.VERIFIED).order_by("pk")
    mark_reopened(list(returned), due, actor, now)


def _about(seeds: Sequence[CaseSeed]) -> Q:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for seed in seeds:
        groups[seed.type, seed.subject_type].append(seed.subject_id)
    return reduce(or_, (Q(type=t, subject_type=s, subject_id__in=ids) for (t, s), ids in groups.items()))


def _row(seed: CaseSeed, terms: Terms, due: Deadlines, now: datetime) -> tuple[Any, ...]:
    """Values in the order of _COLUMNS."""
    return (
        seed.type,
        CaseStatus.ASSIGNED if terms.owner_id else CaseStatus.UNASSIGNED,
        terms.severity,
        seed.subject_type,
        seed.subject_id,
        seed.subject_label[:255],
        str(seed.summary),
        seed.summary_code,
        dict(seed.summary_params),
        dict(seed.data),
        seed.channel_id,
        seed.warehouse_id,
        terms.role,
        terms.owner_id,
        seed.cause_at or now,
        now,
        due.respond_by,
        due.warn_at,
        due.resolve_by,
        False,
        "",
        now,
        "",
        "",
        "",
        0,
    )

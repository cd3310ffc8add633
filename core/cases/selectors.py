from collections.abc import Collection, Sequence
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from core.accounts.enums import Role
from core.accounts.models import User
from core.accounts.roles import granted
from core.accounts.selectors import is_limited, roles_of, scope_ids
from core.cases.enums import CaseStatus
from core.cases.models import Case
from core.cases.registry import codes_by_visibility
from core.kept import KeptQuery

OPEN = sorted(CaseStatus.OPEN)
QUEUE_LENGTH = 200
NEWEST_CASES = 20
_SCOPES = {"channel": "scope_channel_id", "warehouse": "scope_warehouse_id"}


def cases_for(user: Any) -> QuerySet[Case]:
    """The cases that a person may see.

    Who is limited to channels or warehouses sees the cases of these, and those of none, and of both only the ones
    whose subject they may see themselves. It stays one statement: the subjects are looked up by the database.
    """
    cases = Case.objects.select_related("assigned_to")
    if not is_limited(user):
        return cases
    cases = cases.filter(_subject_is_visible(user))
    for kind, column in _SCOPES.items():
        allowed = scope_ids(user, kind)
        if allowed is not None:
            cases = cases.filter(Q(**{f"{column}__in": allowed}) | Q(**{f"{column}__isnull": True}))
    return cases


def _subject_is_visible(user: Any) -> Q:
    """Types of an app that is gone, and so can't be asked, are left out."""
    shown = Q(pk__in=[])
    for visible, codes in codes_by_visibility().items():
        of_types = Q(type__in=codes)
        # EXISTS looks up the few cases' subjects by id, where IN would read all orders of a person's channels.
        shown |= of_types if visible is None else of_types & Q(Exists(visible(user).filter(pk=OuterRef("subject_id"))))
    return shown


def cases_seen_by(user_ids: Collection[int], case_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Person → those of the cases that the person may see; people with the same limits are asked for once."""
    seen: dict[frozenset[tuple[str, int]], frozenset[int]] = {frozenset(): frozenset(case_ids)}
    found: dict[int, frozenset[int]] = {}
    for person in User.objects.filter(pk__in=user_ids).prefetch_related("access_scopes"):
        scopes = [] if person.is_superuser else person.access_scopes.all()
        limits = frozenset((scope.kind, scope.object_id) for scope in scopes)
        if limits not in seen:
            seen[limits] = frozenset(cases_for(person).filter(pk__in=case_ids).values_list("pk", flat=True))
        found[person.pk] = seen[limits]
    return found


def open_cases_for(user: Any) -> QuerySet[Case]:
    return cases_for(user).filter(status__in=OPEN)


def subject_cases(user: Any, subject_type: str, subject_id: int) -> list[Case]:
    """The newest cases of one thing, open ones first."""
    if is_limited(user):
        cases = cases_for(user).filter(subject_type=subject_type, subject_id=subject_id)
        found = list(cases.order_by("-id")[:NEWEST_CASES])
    else:
        found = _SUBJECT_CASES.fetch(subject_type=subject_type, subject_id=subject_id)
    return sorted(found, key=lambda case: not case.is_open)


def _newest_of(subject_type: Any, subject_id: Any) -> QuerySet[Case]:
    cases = Case.objects.select_related("assigned_to").filter(subject_type=subject_type, subject_id=subject_id)
    return cases.order_by("-id")[:NEWEST_CASES]


_SUBJECT_CASES = KeptQuery(_newest_of, subject_type="text", subject_id="bigint")


def queue_for(user: Any) -> list[int]:
    """Ids of what a person should do next, in order: their own, then what nobody of their teams has taken.

    Escalated ones come first, then those due first.
    """
    rank = models.Case(
        When(assigned_to_id=user.pk, then=Value(0)), default=Value(1), output_field=models.IntegerField()
    )
    mine = waiting_for(user).order_by(rank, "-is_escalated", "resolve_by", "pk")
    return list(mine.values_list("pk", flat=True)[:QUEUE_LENGTH])


def waiting_for(user: Any) -> QuerySet[Case]:
    """What a person can do something about: their own, and what nobody of their teams has taken; no waiting ones."""
    cases = cases_for(user).filter(status__in=[status for status in OPEN if status != CaseStatus.WAITING])
    nobody_s = Q(assigned_to=None)
    if not _minds_all_teams(user):
        nobody_s &= Q(role__in=roles_of(user))
    return cases.filter(Q(assigned_to_id=user.pk) | nobody_s)


def urgent_for(user: Any, limit: int) -> Sequence[Case]:
    """The first cases of a person's queue."""
    ids = queue_for(user)[:limit]
    found = {case.pk: case for case in cases_for(user).filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


def overdue(cases: QuerySet[Case]) -> QuerySet[Case]:
    running = [status for status in OPEN if status != CaseStatus.WAITING]
    return cases.filter(status__in=running, resolve_by__lte=timezone.now())


def assignable_people() -> QuerySet[User]:
    """Everybody who can work on cases."""
    roles = granted("cases", "work_case")
    people = User.objects.filter(Q(groups__name__in=roles) | Q(is_superuser=True), is_active=True)
    return people.distinct().order_by("display_name", "username")


def _minds_all_teams(user: Any) -> bool:
    return bool(user.is_superuser or {Role.OPERATIONS_MANAGER, Role.ADMINISTRATOR} & roles_of(user))

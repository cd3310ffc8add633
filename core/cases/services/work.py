"""What people do with a case. Each function locks it, checks the move, writes, and tells."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.accounts.models import User
from core.accounts.rights import may, refusal
from core.actor import Actor
from core.cases.enums import CASE_TRANSITIONS, CaseEventKind, CaseStatus
from core.cases.events import CaseAssigned
from core.cases.exceptions import MissingInput, NotInSight, NotToPassOn, UnknownResolution
from core.cases.models import Case
from core.cases.policies import terms_of
from core.cases.registry import Resolution, find_case_type
from core.cases.rules import deadlines, shift
from core.cases.selectors import cases_for
from core.cases.services.causes import split_by_cause
from core.cases.services.history import Happening, write_audit, write_history
from core.cases.services.opening import mark_gone, mark_reopened
from core.exceptions import IllegalTransition, NotFound
from core.outbox.services import publish
from core.stages import nudge

VERIFY = "cases.verify"


@transaction.atomic
def assign(*, case_id: int, user_id: int, actor: Actor) -> Case:
    """Give a case to a person (oneself included). Raises NotFound, NotInSight, IllegalTransition."""
    case = _locked(case_id)
    now = timezone.now()
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None:
        raise NotFound
    if not cases_for(person).filter(pk=case_id).exists():
        raise NotInSight(field="person", person=person.label)
    before = _move(case, CaseStatus.ASSIGNED, actor, now)
    case.assigned_to = person
    if actor.user_id == user_id:
        _respond(case, now)
    case.save()
    _note(case, CaseEventKind.ASSIGNED, actor, before, now, data={"to": person.label})
    publish(CaseAssigned(case_id=case.pk, assigned_to=user_id, by=actor.user_id))
    return case


@transaction.atomic
def pass_on(*, case_id: int, user_id: int, actor: Actor) -> Case:
    """Give a case that is nobody's or one's own to a person. Raises NotToPassOn, and what assign() raises."""
    if _locked(case_id).assigned_to_id not in {None, actor.user_id}:
        raise NotToPassOn
    return assign(case_id=case_id, user_id=user_id, actor=actor)


@transaction.atomic
def unassign(*, case_id: int, actor: Actor, note: str = "") -> Case:
    """Give a case back to its team."""
    case = _locked(case_id)
    now = timezone.now()
    before = _move(case, CaseStatus.UNASSIGNED, actor, now)
    case.assigned_to = None
    case.save()
    _note(case, CaseEventKind.UNASSIGNED, actor, before, now, note)
    return case


@transaction.atomic
def start(*, case_id: int, actor: Actor) -> Case:
    """Begin to work on a case; it becomes the actor's own if it has no owner."""
    case = _locked(case_id)
    now = timezone.now()
    before = _move(case, CaseStatus.IN_PROGRESS, actor, now)
    if case.assigned_to_id is None and actor.kind == "user":
        case.assigned_to_id = actor.user_id
    _respond(case, now)
    case.save()
    _note(case, CaseEventKind.STARTED, actor, before, now)
    return case


@transaction.atomic
def wait(*, case_id: int, actor: Actor, until: datetime, reason: str) -> Case:
    """Stop the clock until an instant, because somebody else has to act first."""
    case = _locked(case_id)
    now = timezone.now()
    if until <= now:
        raise MissingInput(field="until", code="past")
    before = _move(case, CaseStatus.WAITING, actor, now)
    case.waiting_since, case.waiting_until, case.waiting_reason = now, until, reason[:255]
    _respond(case, now)
    case.save()
    _note(case, CaseEventKind.WAITING, actor, before, now, reason, {"until": until})
    return case


@transaction.atomic
def resume(*, case_id: int, actor: Actor) -> Case:
    """Let the clock go on."""
    case = _locked(case_id)
    if case.status != CaseStatus.WAITING:
        raise IllegalTransition
    now = timezone.now()
    before = _move(case, CaseStatus.IN_PROGRESS if case.assigned_to_id else CaseStatus.UNASSIGNED, actor, now)
    case.save()
    _note(case, CaseEventKind.RESUMED, actor, before, now)
    return case


@transaction.atomic
def comment(*, case_id: int, actor: Actor, note: str) -> Case:
    """Add a remark to the history. Raises MissingInput for an empty one."""
    if not note.strip():
        raise MissingInput(field="note")
    case = _locked(case_id)
    now = timezone.now()
    _respond(case, now)
    case.save(update_fields=["responded_at"])
    write_history([Happening(case.pk, CaseEventKind.COMMENTED, note=note.strip())], actor, now)
    return case


@transaction.atomic
def resolve(
    *, case_id: int, resolution: str, actor: Actor, note: str = "", params: dict[str, Any] | None = None
) -> Case:
    """Carry out a resolution and mark the case resolved; the verify stage then looks at the cause again.

    After one that may leave the cause where it is (`stays`) the case is as it was; look_again() tells what came of it.
    Raises UnknownResolution, MissingInput, PermissionRequired, IllegalTransition, and whatever
    DomainError the resolution's own work raises; then nothing is changed.
    """
    case = _found(case_id)
    chosen = _resolution(case, resolution)
    _require(actor, chosen.permission)
    CASE_TRANSITIONS.check(case.status_enum, CaseStatus.RESOLVED)
    values = _inputs(chosen, params or {})
    if chosen.run is not None:
        # Before the case is locked: the work locks its subject, and whoever locks a subject may clear cases.
        chosen.run(case, actor, values)
    case = _locked(case_id)
    now = timezone.now()
    before = case.status
    if chosen.stays is not None:
        _respond(case, now)
        case.save(update_fields=["responded_at"])
        _note(case, CaseEventKind.TRIED, actor, before, now, note.strip(), {"resolution": chosen.code, **values})
        return case
    if case.status != CaseStatus.VERIFIED:  # the work itself may have cleared the case
        _move(case, CaseStatus.RESOLVED, actor, now)
        case.verify_at = now
    case.resolution, case.resolution_note = chosen.code, note.strip()
    case.resolved_at, case.resolved_by_label = now, actor.label
    _respond(case, now)
    case.save()
    _note(case, CaseEventKind.RESOLVED, actor, before, now, note.strip(), {"resolution": chosen.code, **values})
    nudge(VERIFY)
    return case


@transaction.atomic
def look_again(*, case_id: int, resolution: str, actor: Actor) -> Case:
    """After a resolution that may leave the cause where it is: end the case if the cause is gone by now.

    Call it once that work is committed, for what follows the commit (a new validation) is part of it. Whoever did the
    work is named as who resolved the case, be it that the work itself cleared it.
    """
    case = _locked(case_id)
    if case.is_open:
        gone, _there = split_by_cause([case])
        mark_gone(gone, actor, timezone.now())
    if case.status == CaseStatus.VERIFIED and case.resolution == "cleared":
        case.resolution, case.resolved_by_label = _resolution(case, resolution).code, actor.label
        case.save(update_fields=["resolution", "resolved_by_label"])
    return case


@transaction.atomic
def reopen(*, case_id: int, actor: Actor, note: str) -> Case:
    """A person says that a resolved or verified case isn't put right."""
    if not note.strip():
        raise MissingInput(field="note")
    case = _locked(case_id)
    CASE_TRANSITIONS.check(case.status_enum, CaseStatus.REOPENED)
    terms = terms_of([case.type])[case.type]
    now = timezone.now()
    due = deadlines(terms.hours, now, terms.respond_minutes, terms.resolve_minutes)
    before = case.status
    mark_reopened([case], {case.type: due}, actor, now, note.strip())
    write_audit(case, CaseEventKind.REOPENED, actor, before, note.strip())
    return case


def end_wait(case: Case, now: datetime) -> None:
    """Shift the deadlines of a locked waiting case by the pause; the caller sets the status and saves."""
    if case.waiting_since is None:
        return
    kind = find_case_type(case.type)
    if kind is not None:
        hours = terms_of([case.type])[case.type].hours
        case.warn_at = shift(hours, case.warn_at, case.waiting_since, now)
        case.resolve_by = shift(hours, case.resolve_by, case.waiting_since, now)
    case.waiting_since = case.waiting_until = None
    case.waiting_reason = ""


def _found(case_id: int) -> Case:
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def _locked(case_id: int) -> Case:
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def _move(case: Case, to: CaseStatus, actor: Actor, now: datetime) -> str:
    """Check and make a move of the status; returns the old one. Leaving `waiting` starts the clock again."""
    before = case.status
    CASE_TRANSITIONS.check(case.status_enum, to)
    if before == CaseStatus.WAITING:
        end_wait(case, now)
    case.status = to
    return before


def _respond(case: Case, now: datetime) -> None:
    if case.responded_at is None:
        case.responded_at = now


def _note(
    case: Case,
    kind: CaseEventKind,
    actor: Actor,
    before: str,
    now: datetime,
    note: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    write_history([Happening(case.pk, kind, before, case.status, note, data or {})], actor, now)
    write_audit(case, kind, actor, before, note)


def _resolution(case: Case, code: str) -> Resolution:
    kind = find_case_type(case.type)
    found = kind.resolution(code) if kind else None
    if found is None:
        raise UnknownResolution
    return found


def _inputs(resolution: Resolution, params: dict[str, Any]) -> dict[str, Any]:
    """The values that a resolution asks for, stripped. Raises MissingInput, naming the field."""
    values = {}
    for item in resolution.inputs():
        value = params.get(item.name, "")
        value = value.strip() if isinstance(value, str) else value
        if item.required and value in ("", None):
            raise MissingInput(field=item.name)
        values[item.name] = value
    return values


def _require(actor: Actor, permission: str | None) -> None:
    if permission is not None and not may(actor)(permission):
        raise refusal(permission)

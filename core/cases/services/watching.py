"""The stages: detect, verify, recheck, watch, close."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.enums import CaseEventKind, CaseStatus
from core.cases.events import CasesEscalated, CasesWarned
from core.cases.models import Case
from core.cases.policies import terms_of
from core.cases.registry import case_types
from core.cases.rules import Deadlines, deadlines, verify_again
from core.cases.services.causes import split_by_cause
from core.cases.services.history import Happening, write_history
from core.cases.services.opening import mark_gone, mark_reopened, open_cases
from core.cases.services.work import end_wait
from core.db import claim
from core.outbox.services import publish
from core.stages import StageDue, capped_due, tidying_due

logger = logging.getLogger(__name__)

RECHECK_EVERY = timedelta(minutes=5)
VERIFY_PATIENCE = timedelta(seconds=60)
VERIFY_AGAIN_AFTER = timedelta(seconds=5)
CLOSE_AFTER = timedelta(hours=24)
CAP = 1000

_RUNNING = sorted(CaseStatus.OPEN - {CaseStatus.WAITING})


class DetectorsFailed(Exception):
    """Some detectors raised; the others did their work."""


def detect(_batch_size: int) -> int:
    """Ask every type's detector for causes that no event reported. Returns how many cases are new."""
    opened = 0
    failed = []
    for kind in case_types():
        if kind.detector is None:
            continue
        try:
            with transaction.atomic():
                opened += len(open_cases(kind.detector()))
        except Exception:
            logger.exception("Detector of %s failed", kind.code)
            failed.append(kind.code)
    if failed:
        raise DetectorsFailed(", ".join(failed))
    return opened


def nothing_waits() -> StageDue:
    """For stages that look for work rather than having it wait."""
    return StageDue(False, 0, None)


def verify(batch_size: int) -> int:
    """Look again at the cause of resolved cases: gone means verified, still there means reopened."""
    now = timezone.now()
    with transaction.atomic():
        cases = claim(_to_verify(now), batch_size)
        gone, there = split_by_cause(cases)
        mark_gone(gone, SYSTEM, now)
        patient = [case for case in there if _is_fresh(case, now)]
        for case in patient:  # the repair may still be on its way through a stage
            case.verify_at = now + VERIFY_AGAIN_AFTER
        Case.objects.bulk_update(patient, ["verify_at"])
        reopened = [case for case in there if not _is_fresh(case, now)]
        if reopened:
            mark_reopened(reopened, _fresh_deadlines(reopened, now), SYSTEM, now)
    return len(cases)


def due_for_verification() -> StageDue:
    return _due(_to_verify(timezone.now()), "verify_at")


def recheck(batch_size: int) -> int:
    """Clear open cases whose cause went away without anybody saying so."""
    now = timezone.now()
    with transaction.atomic():
        cases = claim(_to_recheck(now), batch_size)
        gone, there = split_by_cause(cases)
        mark_gone(gone, SYSTEM, now)
        Case.objects.filter(pk__in=[case.pk for case in there]).update(checked_at=now)
    return len(cases)


def due_for_recheck() -> StageDue:
    checked = _to_recheck(timezone.now()).values_list("checked_at", flat=True)[:CAP]
    return capped_due([at + RECHECK_EVERY for at in checked], CAP)


def watch(batch_size: int) -> int:
    """Warn at three quarters of the time, escalate at its end, wake what has waited long enough."""
    now = timezone.now()
    return _escalate(batch_size, now) + _warn(batch_size, now) + _wake(batch_size, now)


def due_for_watch() -> StageDue:
    now = timezone.now()
    return _due(_to_escalate(now), "resolve_by")


def close(batch_size: int) -> int:
    """Close cases that stayed verified for a day."""
    now = timezone.now()
    with transaction.atomic():
        cases = claim(_to_close(now), batch_size)
        ids = [case.pk for case in cases]
        Case.objects.filter(pk__in=ids).update(status=CaseStatus.CLOSED, closed_at=now)
        write_history(
            [Happening(pk, CaseEventKind.CLOSED, CaseStatus.VERIFIED, CaseStatus.CLOSED) for pk in ids],
            SYSTEM,
            now,
        )
    return len(cases)


def due_for_closing() -> StageDue:
    return tidying_due(_to_close(timezone.now()))


def _escalate(batch_size: int, now: datetime) -> int:
    with transaction.atomic():
        ids = [case.pk for case in claim(_to_escalate(now), batch_size)]
        if ids:
            cases = Case.objects.filter(pk__in=ids)
            cases.update(is_escalated=True, escalated_at=now)
            cases.filter(warned_at=None).update(warned_at=now)
            write_history([Happening(pk, CaseEventKind.ESCALATED) for pk in ids], SYSTEM, now)
            publish(CasesEscalated(case_ids=ids))
    return len(ids)


def _warn(batch_size: int, now: datetime) -> int:
    late = Case.objects.filter(status__in=_RUNNING, warned_at=None, warn_at__lte=now).order_by("warn_at")
    with transaction.atomic():
        ids = [case.pk for case in claim(late, batch_size)]
        if ids:
            Case.objects.filter(pk__in=ids).update(warned_at=now)
            write_history([Happening(pk, CaseEventKind.WARNED) for pk in ids], SYSTEM, now)
            publish(CasesWarned(case_ids=ids))
    return len(ids)


def _wake(batch_size: int, now: datetime) -> int:
    over = Case.objects.filter(status=CaseStatus.WAITING, waiting_until__lte=now).order_by("waiting_until")
    with transaction.atomic():
        cases = claim(over, batch_size)
        happenings = []
        for case in cases:
            end_wait(case, now)
            case.status = CaseStatus.IN_PROGRESS if case.assigned_to_id else CaseStatus.UNASSIGNED
            happenings.append(Happening(case.pk, CaseEventKind.RESUMED, CaseStatus.WAITING, case.status))
        Case.objects.bulk_update(
            cases, ["status", "warn_at", "resolve_by", "waiting_since", "waiting_until", "waiting_reason"]
        )
        write_history(happenings, SYSTEM, now)
    return len(cases)


def _to_verify(now: datetime) -> QuerySet[Case]:
    return Case.objects.filter(status=CaseStatus.RESOLVED, verify_at__lte=now).order_by("verify_at")


def _to_recheck(now: datetime) -> QuerySet[Case]:
    decided_by_people = [kind.code for kind in case_types() if not kind.clears_itself]
    unsure = Case.objects.filter(status__in=sorted(CaseStatus.OPEN), checked_at__lte=now - RECHECK_EVERY)
    return unsure.exclude(type__in=decided_by_people).order_by("checked_at")


def _to_escalate(now: datetime) -> QuerySet[Case]:
    late = Case.objects.filter(status__in=_RUNNING, is_escalated=False, resolve_by__lte=now)
    return late.order_by("resolve_by")


def _to_close(now: datetime) -> QuerySet[Case]:
    quiet = Case.objects.filter(status=CaseStatus.VERIFIED, verified_at__lte=now - CLOSE_AFTER)
    return quiet.order_by("verified_at")


def _due(queryset: QuerySet[Case], instant: str) -> StageDue:
    return capped_due(list(queryset.values_list(instant, flat=True)[:CAP]), CAP)


def _is_fresh(case: Case, now: datetime) -> bool:
    return case.resolved_at is not None and verify_again(case.resolved_at, now, VERIFY_PATIENCE)


def _fresh_deadlines(cases: Sequence[Case], now: datetime) -> dict[str, Deadlines]:
    terms = terms_of(case.type for case in cases)
    return {code: deadlines(t.hours, now, t.respond_minutes, t.resolve_minutes) for code, t in terms.items()}

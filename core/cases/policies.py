"""What holds for a type of case: its own terms, overridden by the managers' CasePolicy."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.accounts.enums import Role
from core.calendars.rules import Hours
from core.calendars.selectors import default_hours, hours_by_id
from core.cases.models import CasePolicy
from core.cases.registry import case_type


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in force for a type; minutes of business time in `hours`."""

    role: Role
    owner_id: int | None
    escalate_to_id: int | None
    severity: str
    respond_minutes: int
    resolve_minutes: int
    hours: Hours
    is_detected: bool


def terms_of(type_codes: Iterable[str]) -> dict[str, Terms]:
    """The terms of several types with a constant number of statements. Raises KeyError for an unknown type."""
    codes = set(type_codes)
    policies = {policy.type: policy for policy in CasePolicy.objects.filter(type__in=codes)}
    calendar_ids = {policy.calendar_id for policy in policies.values() if policy.calendar_id is not None}
    calendars = hours_by_id(calendar_ids) if calendar_ids else {}
    usual = default_hours()
    return {code: _terms(code, policies.get(code, CasePolicy(type=code)), calendars, usual) for code in codes}


def _terms(code: str, policy: CasePolicy, calendars: dict[int, Hours], usual: Hours) -> Terms:
    kind = case_type(code)
    return Terms(
        role=Role(policy.role or kind.role),
        owner_id=policy.owner_id,
        escalate_to_id=policy.escalate_to_id,
        severity=policy.severity or kind.severity,
        respond_minutes=kind.respond_minutes if policy.respond_minutes is None else policy.respond_minutes,
        resolve_minutes=kind.resolve_minutes if policy.resolve_minutes is None else policy.resolve_minutes,
        hours=calendars.get(policy.calendar_id or 0, usual),
        is_detected=policy.is_detected,
    )

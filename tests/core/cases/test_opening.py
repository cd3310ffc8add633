from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM
from core.calendars.models import BusinessCalendar
from core.cases.enums import CaseEventKind, CaseStatus
from core.cases.models import Case, CaseEvent, CasePolicy
from core.cases.services import assign, clear_cases, open_cases, resolve
from core.cases.words import event_note, summary_of
from core.outbox.models import OutboxEvent
from tests.core.cases.conftest import CODE, seed
from tests.core.threads import raise_errors, run_together
from tests.factories.accounts import make_user

MONDAY_10 = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai


@time_machine.travel(MONDAY_10, tick=False)
def test_a_case_has_a_team_deadlines_and_a_history(db, leaks):
    cause_at = MONDAY_10 - timedelta(hours=3)
    (case_id,) = open_cases([seed(7, cause_at=cause_at, channel_id=3, warehouse_id=4, summary="It drips")])
    case = Case.objects.get(pk=case_id)
    assert (case.status, case.role, case.severity) == (CaseStatus.UNASSIGNED, Role.WAREHOUSE_OPERATOR, "warning")
    assert (case.subject_id, case.subject_label, case.summary) == (7, "P-7", "It drips")
    assert (case.cause_at, case.opened_at) == (cause_at, MONDAY_10)
    assert (case.scope_channel_id, case.scope_warehouse_id) == (3, 4)
    assert case.respond_by == MONDAY_10 + timedelta(minutes=30)
    assert case.warn_at == MONDAY_10 + timedelta(minutes=90)
    assert case.resolve_by == MONDAY_10 + timedelta(minutes=120)
    event = CaseEvent.objects.get()
    assert (event.kind, event.to_status, event.actor_label) == (
        CaseEventKind.OPENED,
        CaseStatus.UNASSIGNED,
        SYSTEM.label,
    )
    assert OutboxEvent.objects.get(name="cases.opened").payload == {"case_ids": [case_id]}


@time_machine.travel(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False)  # 20:00 in Shanghai, open until 21:00
def test_deadlines_count_business_time(db, leaks):
    (case_id,) = open_cases([seed()])
    assert Case.objects.get(pk=case_id).resolve_by == datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


@time_machine.travel(MONDAY_10, tick=False)
def test_a_manager_s_policy_overrides_the_type(db, leaks):
    owner = make_user(Role.BUYER)
    CasePolicy.objects.create(
        type=CODE,
        role=Role.BUYER,
        owner=owner,
        severity="danger",
        respond_minutes=5,
        resolve_minutes=600,
        calendar=BusinessCalendar.objects.get(code="gb-office"),
    )
    (case_id,) = open_cases([seed()])
    case = Case.objects.get(pk=case_id)
    assert (case.role, case.assigned_to, case.severity, case.status) == (
        Role.BUYER,
        owner,
        "danger",
        CaseStatus.ASSIGNED,
    )
    assert case.respond_by == datetime(2026, 3, 2, 9, 5, tzinfo=UTC)  # London opens at 9
    assert case.resolve_by == datetime(2026, 3, 3, 10, 30, tzinfo=UTC)  # 8.5 hours on Monday, 1.5 on Tuesday


def test_a_type_that_is_switched_off_opens_nothing(db, leaks):
    CasePolicy.objects.create(type=CODE, is_detected=False)
    assert open_cases([seed()]) == []


def test_one_open_case_per_type_and_subject(db, leaks):
    first = open_cases([seed(1), seed(2), seed(1)])
    assert len(first) == 2
    assert open_cases([seed(2), seed(3)]) == [Case.objects.get(subject_id=3).pk]
    assert Case.objects.count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(subject_id=3).update(subject_id=1)


def test_five_hundred_cost_what_one_costs(db, leaks):
    with CaptureQueriesContext(connection) as one:
        open_cases([seed(1)])
    with CaptureQueriesContext(connection) as many:
        assert len(open_cases([seed(number) for number in range(2, 502)])) == 500
    assert len(many) == len(one) <= 12
    with CaptureQueriesContext(connection) as one:
        clear_cases(CODE, [1])
    with CaptureQueriesContext(connection) as many:
        assert len(clear_cases(CODE, range(2, 502))) == 500
    assert len(many) == len(one)


def test_two_who_open_at_once_open_one_each_subject_once(transactional_db, leaks):
    numbers = list(range(50))
    forwards = lambda: open_cases([seed(n) for n in numbers])  # noqa: E731
    backwards = lambda: open_cases([seed(n) for n in reversed(numbers)])  # noqa: E731
    first, second = raise_errors(run_together(forwards, backwards))
    assert len(first) + len(second) == Case.objects.count() == 50


def test_a_cause_that_went_away_verifies_the_case(db, leaks):
    ids = open_cases([seed(1), seed(2)])
    assert clear_cases(CODE, [1, 99]) == ids[:1]
    case = Case.objects.get(subject_id=1)
    assert (case.status, case.resolution, case.resolved_by_label) == (CaseStatus.VERIFIED, "cleared", "system")
    assert case.resolved_at == case.verified_at
    assert case.events.first().kind == CaseEventKind.CLEARED
    assert clear_cases(CODE, [1]) == []
    assert Case.objects.get(subject_id=2).status == CaseStatus.UNASSIGNED


def test_a_cause_that_comes_back_within_a_day_reopens_the_case(db, leaks):
    owner = make_user(Role.WAREHOUSE_OPERATOR)
    (case_id,) = open_cases([seed(1)])
    assign(case_id=case_id, user_id=owner.pk, actor=SYSTEM)
    clear_cases(CODE, [1])
    assert open_cases([seed(1)]) == [], "no second case"
    case = Case.objects.get()
    assert (case.status, case.reopened_count, case.assigned_to) == (CaseStatus.REOPENED, 1, owner)
    assert case.resolve_by > timezone.now()
    assert OutboxEvent.objects.filter(name="cases.reopened").count() == 1


def test_a_cause_that_comes_back_after_closing_opens_a_new_case(db, leaks):
    (old,) = open_cases([seed(1)])
    clear_cases(CODE, [1])
    Case.objects.update(status=CaseStatus.CLOSED)
    (new,) = open_cases([seed(1)])
    assert new != old


def test_an_unknown_type_is_refused(db):
    with pytest.raises(KeyError):
        open_cases([seed(type="no.such")])


def test_clearing_also_ends_a_resolved_case_without_rewriting_who_resolved_it(db, leaks):
    (case_id,) = open_cases([seed(1)])
    resolve(case_id=case_id, resolution="noted", actor=SYSTEM, note="done")
    clear_cases(CODE, [1])
    case = Case.objects.get()
    assert (case.status, case.resolution) == (CaseStatus.VERIFIED, "noted")


def test_an_open_case_takes_over_newer_facts_and_keeps_what_it_said(db, leaks):
    (case_id,) = open_cases([seed(summary_code="drips", summary_params={"count": 3, "place": "hall"}, data={"l": 1})])
    opened = Case.objects.get(pk=case_id)
    newer = seed(summary_code="drips", summary_params={"count": 5, "place": "hall"}, data={"l": 2})
    for _again in range(2):
        assert open_cases([newer, seed(2)])[:1] != [case_id]
    case = Case.objects.get(pk=case_id)
    assert (case.summary_params, case.data) == ({"count": 5, "place": "hall"}, {"l": 2})
    assert (case.status, case.opened_at, case.resolve_by) == (opened.status, opened.opened_at, opened.resolve_by)
    changed = CaseEvent.objects.filter(case=case, kind=CaseEventKind.CHANGED)
    assert [event.data["before"]["summary_params"]["count"] for event in changed] == [3]
    said = event_note(changed.get(), case)
    before, _arrow, after = said.partition(" → ")
    assert "3" in before
    assert after == summary_of(case)
    assert OutboxEvent.objects.filter(name="cases.opened").count() == 2


def test_renewing_facts_costs_the_same_for_1_and_20_cases(db, leaks):
    def statements(ids: range, count: int) -> int:
        seeds = [seed(pk, summary_code="drips", summary_params={"count": count, "place": "x"}) for pk in ids]
        with CaptureQueriesContext(connection) as captured:
            open_cases(seeds)
        return len(captured)

    statements(range(1, 21), 1)
    assert statements(range(1, 2), 2) == statements(range(2, 21), 2)

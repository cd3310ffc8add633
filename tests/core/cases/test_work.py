from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.accounts.enums import Role
from core.actor import SYSTEM, Actor
from core.audit.models import AuditEntry
from core.cases.enums import CaseStatus
from core.cases.exceptions import MissingInput, UnknownResolution
from core.cases.models import Case, CaseEvent
from core.cases.services import assign, comment, open_cases, reopen, resolve, resume, start, unassign, wait
from core.exceptions import DomainError, IllegalTransition, NotFound, PermissionRequired
from core.outbox.models import OutboxEvent
from tests.core.cases.conftest import seed
from tests.core.threads import run_together
from tests.factories.accounts import make_superuser, make_user

MONDAY_10 = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, the default calendar is open 9–21


@pytest.fixture
def person(db):
    return make_user(Role.WAREHOUSE_OPERATOR, display_name="Ann Lee")


@pytest.fixture
def actor(person):
    return Actor.for_user(person)


@pytest.fixture
def case_id(db, leaks):
    with time_machine.travel(MONDAY_10, tick=False):
        return open_cases([seed(1)])[0]


def events(case_id: int) -> list[tuple[str, str, str]]:
    rows = CaseEvent.objects.filter(case_id=case_id).order_by("id")
    return [(row.kind, row.from_status, row.to_status) for row in rows]


def test_taking_a_case_counts_as_the_first_response(case_id, person, actor):
    case = assign(case_id=case_id, user_id=person.pk, actor=actor)
    assert (case.status, case.assigned_to) == (CaseStatus.ASSIGNED, person)
    assert case.responded_at is not None
    assert events(case_id)[-1] == ("assigned", "open", "assigned")
    entry = AuditEntry.objects.get(action="cases.assigned")
    assert (entry.subject_id, entry.actor_id, entry.changes) == (case_id, person.pk, {"status": ["open", "assigned"]})


def test_being_given_a_case_does_not_count_as_a_response(case_id, person):
    boss = Actor.for_user(make_user(Role.OPERATIONS_MANAGER))
    case = assign(case_id=case_id, user_id=person.pk, actor=boss)
    assert case.responded_at is None
    assert OutboxEvent.objects.get(name="cases.assigned").payload["assigned_to"] == person.pk


def test_assigning_to_nobody_known_is_refused(case_id, person, actor):
    person.is_active = False
    person.save()
    with pytest.raises(NotFound):
        assign(case_id=case_id, user_id=person.pk, actor=SYSTEM)
    with pytest.raises(NotFound):
        assign(case_id=0, user_id=person.pk, actor=SYSTEM)


def test_starting_makes_it_one_s_own_and_giving_back_ends_that(case_id, person, actor):
    assert start(case_id=case_id, actor=actor).assigned_to_id == person.pk
    case = unassign(case_id=case_id, actor=actor, note="off sick")
    assert (case.status, case.assigned_to_id) == (CaseStatus.UNASSIGNED, None)


def test_the_clock_stops_while_waiting(case_id, actor):
    with time_machine.travel(MONDAY_10 + timedelta(minutes=40), tick=False):
        case = wait(case_id=case_id, actor=actor, until=MONDAY_10 + timedelta(days=2), reason="plumber")
        assert case.waiting_reason == "plumber"
    # 80 of 120 minutes are left; resumed at 20:30 on the next day, half an hour before closing
    with time_machine.travel(datetime(2026, 3, 3, 12, 30, tzinfo=UTC), tick=False):
        case = resume(case_id=case_id, actor=actor)
    assert case.status == CaseStatus.UNASSIGNED
    assert case.resolve_by == datetime(2026, 3, 4, 1, 50, tzinfo=UTC)
    assert case.warn_at == datetime(2026, 3, 4, 1, 20, tzinfo=UTC)
    assert (case.waiting_since, case.waiting_reason) == (None, "")


def test_a_deadline_missed_before_waiting_stays_missed(case_id, actor):
    with time_machine.travel(MONDAY_10 + timedelta(hours=5), tick=False):
        wait(case_id=case_id, actor=actor, until=MONDAY_10 + timedelta(days=1), reason="plumber")
    with time_machine.travel(MONDAY_10 + timedelta(hours=6), tick=False):
        assert resume(case_id=case_id, actor=actor).resolve_by == MONDAY_10 + timedelta(hours=2)


def test_waiting_until_the_past_is_refused(case_id, actor):
    with pytest.raises(MissingInput):
        wait(case_id=case_id, actor=actor, until=timezone.now() - timedelta(minutes=1), reason="")
    with pytest.raises(IllegalTransition):
        resume(case_id=case_id, actor=actor)


def test_a_resolution_does_its_work_and_leaves_verification(case_id, actor, leaks):
    leaks.leaking.add(1)
    case = resolve(case_id=case_id, resolution="mended", actor=actor, note=" new gasket ")
    assert leaks.calls == [(1, {})]
    assert (case.status, case.resolution, case.resolution_note) == (CaseStatus.RESOLVED, "mended", "new gasket")
    assert (case.resolved_by_label, case.verify_at is not None) == ("Ann Lee", True)
    assert events(case_id)[-1] == ("resolved", "open", "resolved")


def test_a_resolution_that_fails_changes_nothing(case_id, actor):
    with pytest.raises(DomainError, match="spanner"):
        resolve(case_id=case_id, resolution="broken", actor=actor)
    assert Case.objects.get().status == CaseStatus.UNASSIGNED
    assert len(events(case_id)) == 1


def test_a_resolution_asks_for_its_inputs(case_id, actor, leaks):
    with pytest.raises(MissingInput) as caught:
        resolve(case_id=case_id, resolution="replace", actor=actor, params={"reason": "  "})
    assert caught.value.field == "reason"
    resolve(case_id=case_id, resolution="replace", actor=actor, params={"reason": " rust ", "other": "x"})
    assert leaks.calls == [(1, {"reason": "rust"})]


def test_a_resolution_needs_its_permission(case_id, actor, leaks):
    with pytest.raises(PermissionRequired):
        resolve(case_id=case_id, resolution="drain", actor=actor)
    assert leaks.calls == []
    resolve(case_id=case_id, resolution="drain", actor=Actor.for_user(make_superuser()))
    assert leaks.calls != []


def test_unknown_resolutions_and_second_resolutions_are_refused(case_id, actor):
    with pytest.raises(UnknownResolution):
        resolve(case_id=case_id, resolution="magic", actor=actor)
    resolve(case_id=case_id, resolution="noted", actor=actor)
    with pytest.raises(IllegalTransition):
        resolve(case_id=case_id, resolution="noted", actor=actor)
    with pytest.raises(IllegalTransition):
        start(case_id=case_id, actor=actor)


def test_two_people_who_resolve_at_once_resolve_it_once(transactional_db, leaks):
    (case_id,) = open_cases([seed(1)])
    people = [Actor.for_user(make_user(Role.WAREHOUSE_OPERATOR)) for _ in range(2)]
    results = run_together(*(lambda a=a: resolve(case_id=case_id, resolution="noted", actor=a) for a in people))
    assert sorted(type(result).__name__ for result in results) == ["Case", "IllegalTransition"]
    assert [kind for kind, _before, _after in events(case_id)] == ["opened", "resolved"]


def test_comments_and_reopening(case_id, actor):
    with pytest.raises(MissingInput):
        comment(case_id=case_id, actor=actor, note="  ")
    comment(case_id=case_id, actor=actor, note="called the plumber")
    assert CaseEvent.objects.latest("id").note == "called the plumber"
    resolve(case_id=case_id, resolution="noted", actor=actor)
    case = reopen(case_id=case_id, actor=actor, note="still wet")
    case.refresh_from_db()
    assert (case.status, case.reopened_count, case.resolved_at) == (CaseStatus.REOPENED, 1, None)


def test_history_can_neither_be_changed_nor_deleted(case_id):
    for change in (lambda rows: rows.update(note="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(CaseEvent.objects.all())

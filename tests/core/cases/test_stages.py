from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.actor import SYSTEM
from core.cases.enums import CaseEventKind, CaseStatus
from core.cases.models import Case, CaseEvent
from core.cases.services import clear_cases, open_cases, resolve, wait, watching
from core.outbox.models import OutboxEvent
from core.stages import drain
from tests.core.cases.conftest import CODE, seed
from tests.core.threads import raise_errors, run_together


@pytest.fixture
def case(db, leaks):
    leaks.leaking.add(1)
    return Case.objects.get(pk=open_cases([seed(1)])[0])


def later(**delta: float):
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=False)


def run(*stages: str) -> dict[str, int]:
    return drain(only=[f"cases.{name}" for name in stages])


def status() -> str:
    return Case.objects.get().status


def test_resolved_and_gone_is_verified_and_a_day_later_closed(case, leaks):
    leaks.leaking.clear()
    resolve(case_id=case.pk, resolution="noted", actor=SYSTEM)
    assert run("verify") == {"cases.verify": 1}
    assert status() == CaseStatus.VERIFIED
    assert OutboxEvent.objects.filter(name="cases.verified").exists()
    assert run("close") == {"cases.close": 0}
    with later(hours=25):
        assert run("close") == {"cases.close": 1}
    assert status() == CaseStatus.CLOSED


def test_resolved_but_still_there_is_looked_at_again_and_then_reopened(case):
    resolve(case_id=case.pk, resolution="noted", actor=SYSTEM)
    run("verify")
    assert status() == CaseStatus.RESOLVED, "the repair may still be on its way"
    with later(seconds=30):
        run("verify")
        assert status() == CaseStatus.RESOLVED
    with later(seconds=70):
        run("verify")
    case.refresh_from_db()
    assert (case.status, case.reopened_count) == (CaseStatus.REOPENED, 1)
    assert case.events.first().kind == CaseEventKind.REOPENED


def test_open_cases_close_by_themselves_when_the_cause_goes_away(case, leaks):
    open_cases([seed(2)])
    leaks.leaking = {2}
    assert run("recheck") == {"cases.recheck": 0}, "not right after opening"
    with later(minutes=6):
        run("recheck")
    assert Case.objects.get(subject_id=1).status == CaseStatus.VERIFIED
    assert Case.objects.get(subject_id=2).status == CaseStatus.UNASSIGNED


def test_a_failing_check_leaves_its_cases_alone(case, leaks, caplog):
    leaks.error = RuntimeError("no torch")
    with later(minutes=6):
        run("recheck")
    assert status() == CaseStatus.UNASSIGNED
    assert "no torch" in caplog.text


def test_the_detector_finds_what_no_event_reported(db, leaks):
    leaks.found = [seed(1), seed(2)]
    assert watching.detect(1) == 2
    assert watching.detect(1) == 0


def test_one_failing_detector_does_not_stop_the_others(db, leaks, monkeypatch):
    from dataclasses import replace

    from core.cases.registry import case_type, register_case_type, unregister_case_type

    def broken() -> list:
        raise RuntimeError("no torch")

    register_case_type(replace(case_type(CODE), code="test.a_broken", detector=broken))
    try:
        leaks.found = [seed(1)]
        with pytest.raises(watching.DetectorsFailed, match=r"test\.a_broken"):
            watching.detect(1)
        assert Case.objects.count() == 1
    finally:
        unregister_case_type("test.a_broken")


def test_warned_at_three_quarters_and_escalated_at_the_end(case):
    with time_machine.travel(case.warn_at - timedelta(seconds=1), tick=False):
        assert run("watch") == {"cases.watch": 0}
    with time_machine.travel(case.warn_at, tick=False):
        assert run("watch") == {"cases.watch": 1}
        assert run("watch") == {"cases.watch": 0}
    case.refresh_from_db()
    assert case.warned_at
    assert not case.is_escalated
    with time_machine.travel(case.resolve_by, tick=False):
        assert run("watch") == {"cases.watch": 1}
    case.refresh_from_db()
    assert case.is_escalated
    kinds = list(CaseEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == [CaseEventKind.OPENED, CaseEventKind.WARNED, CaseEventKind.ESCALATED]
    names = set(OutboxEvent.objects.values_list("name", flat=True))
    assert {"cases.warned", "cases.escalated"} <= names


def test_a_case_found_late_is_escalated_without_a_warning_first(case):
    with time_machine.travel(case.resolve_by, tick=False):
        run("watch")
    assert not CaseEvent.objects.filter(kind=CaseEventKind.WARNED).exists()
    assert not OutboxEvent.objects.filter(name="cases.warned").exists()


def test_waiting_cases_are_not_escalated_but_woken(case):
    until = timezone.now() + timedelta(days=3)
    wait(case_id=case.pk, actor=SYSTEM, until=until, reason="plumber")
    with later(days=2):
        assert run("watch") == {"cases.watch": 0}
    with time_machine.travel(until, tick=False):
        assert watching.watch(10) == 1
    case.refresh_from_db()
    assert case.status == CaseStatus.UNASSIGNED
    assert case.resolve_by > until
    assert not case.is_escalated


def test_two_watchers_escalate_once(transactional_db, leaks):
    open_cases([seed(number) for number in range(20)])
    past = timezone.now() - timedelta(minutes=1)
    Case.objects.update(resolve_by=past, warn_at=past)
    work = lambda: watching.watch(10)  # noqa: E731
    raise_errors(run_together(work, work))
    drain(only=["cases.watch"])
    assert CaseEvent.objects.filter(kind=CaseEventKind.ESCALATED).count() == 20


def test_clearing_and_resolving_at_once_do_not_block_each_other(transactional_db, leaks):
    (case_id,) = open_cases([seed(1)])
    results = run_together(
        lambda: resolve(case_id=case_id, resolution="mended", actor=SYSTEM), lambda: clear_cases(CODE, [1])
    )
    assert not [result for result in results if isinstance(result, Exception) and "deadlock" in str(result)]
    drain(only=["cases.verify"])
    assert Case.objects.get().status == CaseStatus.VERIFIED

"""The System page: shows what is wrong, mends it, for administrators only, at a fixed number of statements."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import nudging, readiness, stages
from core.accounts.enums import Role
from core.audit.models import AuditEntry
from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.models import StageRun
from core.outbox.models import HandlerFailure, OutboxEvent
from core.stages import Stage, StageDue
from core.workers import describe_worker
from tests.factories.accounts import make_superuser, make_user
from tests.factories.logistics import make_carrier

pytestmark = pytest.mark.django_db

PAGE = "/settings/system/"


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(make_superuser(), "core.accounts.backends.RoleBackend")
    return client


def text(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def dead_event(error: str = "Boom") -> OutboxEvent:
    now = timezone.now()
    event = OutboxEvent.objects.create(name="orders.released", payload={}, occurred_at=now, is_dead=True)
    HandlerFailure.objects.create(event=event, handler="crm.handlers.x", attempts=12, last_error=error, failed_at=now)
    return event


def broken_job(**fields) -> Job:
    now = timezone.now()
    return Job.objects.create(
        kind="ui.export", title="Export of orders", actor_label="Ann", actor_kind="user", status=JobStatus.FAILED,
        created_at=now, finished_at=now, message="Disk full", **fields,
    )  # fmt: skip


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 200), (Role.OPERATIONS_MANAGER, 403)])
def test_it_is_the_administrators(client: Client, role: Role, status: int):
    client.force_login(make_user(role), "core.accounts.backends.RoleBackend")
    assert client.get(PAGE).status_code == status
    assert (PAGE in client.get("/settings/").content.decode()) is (status == 200)


def test_a_failing_stage_is_shown_and_run_again(administrator: Client, monkeypatch: pytest.MonkeyPatch):
    stage = Stage("test.stage", lambda size: 1 // 0, lambda: StageDue(True, 1000, None), 5, 1)
    monkeypatch.setitem(stages._stages, stage.name, stage)
    stages.run_stage("test.stage")
    shown = text(administrator)
    assert "ZeroDivisionError" in shown
    assert "Failing" in shown
    assert "1 failure in a row" in shown
    administrator.post(f"{PAGE}stages/test.stage/retry/")
    run = StageRun.objects.get(name="test.stage")
    assert (run.failures, run.retry_at) == (0, None)
    assert AuditEntry.objects.get(action="core.stage_retried").subject_label == "test.stage"
    assert administrator.post(f"{PAGE}stages/test.unknown/retry/").status_code == 404


def test_every_stage_says_what_it_does():
    assert [stage.name for stage in stages.stages() if not (stage.label or stage.name.startswith("test."))] == []


def test_deliveries_are_tried_again_one_or_all(administrator: Client):
    first, second, third = (dead_event(f"Boom {number}") for number in range(3))
    shown = text(administrator)
    assert "Boom 2" in shown
    assert "Given up" in shown
    for odd in ("²", "x", "9" * 30):  # nothing that could be taken for "all"
        assert administrator.post(f"{PAGE}deliveries/retry/", {"event": odd}).status_code == 404
    administrator.post(f"{PAGE}deliveries/retry/", {"event": first.pk})
    assert set(OutboxEvent.objects.filter(is_dead=True)) == {second, third}
    administrator.post(f"{PAGE}deliveries/retry/")
    assert not OutboxEvent.objects.filter(is_dead=True).exists()
    assert OutboxEvent.objects.filter(next_attempt_at__lte=timezone.now()).count() == 3
    assert AuditEntry.objects.filter(action="outbox.delivery_retried").count() == 2


def test_broken_jobs_are_listed_until_started_again(administrator: Client):
    job = broken_job()
    shown = text(administrator)
    assert "Disk full" in shown
    assert f"/jobs/{job.pk}/retry/" in shown
    broken_job(retry_of=job)
    Job.objects.exclude(pk=job.pk).update(status=JobStatus.DONE)
    assert "Disk full" not in text(administrator)


def test_workers_and_checks_are_shown(administrator: Client):
    assert "No worker has done anything for a minute" in text(administrator)
    describe_worker("celery@warehouse-7")
    StageRun.objects.create(name="test", last_run_at=timezone.now() - timedelta(seconds=5))
    readiness.forget()
    shown = text(administrator)
    assert "celery@warehouse-7" in shown
    assert "No worker has done anything" not in shown
    assert "Everything of this installation does its work" in shown


def test_a_stage_that_fails_is_named_on_top(administrator: Client):
    describe_worker("celery@warehouse-7")
    StageRun.objects.create(name="outbox.relay", last_run_at=timezone.now(), failures=1, last_error="Boom")
    readiness.forget()
    top = text(administrator).partition('class="split"')[0]
    assert "Something needs you." in top
    assert "A stage fails" in top
    assert "Deliver events" in top


@pytest.mark.parametrize(
    ("state", "is_named"),
    [
        ({"circuit_open_until": timedelta(minutes=5), "consecutive_failures": 5}, True),
        ({"circuit_open_until": timedelta(minutes=-1), "consecutive_failures": 5}, True),
        ({"circuit_open_until": timedelta(minutes=5), "consecutive_failures": 5, "is_active": False}, False),
        ({"consecutive_failures": 1}, False),
    ],
)
def test_a_carrier_that_is_paused_is_named_on_top(administrator: Client, state: dict[str, Any], is_named: bool):
    describe_worker("celery@warehouse-7")
    StageRun.objects.create(name="test", last_run_at=timezone.now() - timedelta(seconds=5))
    readiness.forget()
    if pause := state.pop("circuit_open_until", None):
        state["circuit_open_until"] = timezone.now() + pause
    make_carrier("sf", name="SF", **state)
    make_carrier("yto", name="YTO")
    top = text(administrator).partition('class="split"')[0]
    assert ("A carrier doesn&#x27;t answer" in top) is is_named
    assert ("<p>SF</p>" in top) is is_named
    assert ("Everything of this installation does its work" in top) is not is_named


def test_it_opens_without_redis(administrator: Client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    nudging.redis_client.cache_clear()
    assert "nobody knows which workers" in text(administrator)


def test_it_costs_the_same_for_one_row_and_many(administrator: Client):
    counts = []
    for rows in (1, 9):
        for _row in range(rows):
            dead_event()
            broken_job()
        text(administrator)
        readiness.forget()
        with CaptureQueriesContext(connection) as queries:
            text(administrator)
        counts.append(len(queries))
    assert counts[0] == counts[1]

"""`/readyz`: right when everything does its work, and says what doesn't."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import nudging, readiness, stages
from core.models import StageRun
from core.stages import Stage, StageDue
from core.system_state import unapplied_migrations


def ask(client: Client) -> tuple[int, dict]:
    readiness.forget()
    answer = client.get("/readyz")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


@pytest.fixture
def worked(db) -> None:
    """A worker ran a stage just now."""
    stages.run_stage("jobs.dispatch")
    StageRun.objects.update_or_create(name="jobs.dispatch", defaults={"last_run_at": timezone.now()})


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> dict[str, StageDue]:
    """A stage of the test's own whose due work the test sets."""
    due = {"now": StageDue(False, 0, None)}
    stage = Stage("test.waiting", run=lambda size: 0, due=lambda: due["now"], every_seconds=5, batch_size=1)
    monkeypatch.setitem(stages._stages, stage.name, stage)
    return due


@pytest.mark.usefixtures("worked")
def test_everything_is_right(client: Client):
    status, body = ask(client)
    assert status == 200
    assert body["ready"] is True
    assert set(body["checks"]) == {"database", "redis", "migrations", "workers", "work"}
    assert all(check["ok"] for check in body["checks"].values())


@pytest.mark.django_db
def test_without_a_sign_of_work_for_a_minute_it_is_not_ready(client: Client):
    status, body = ask(client)
    assert (status, body["checks"]["workers"]) == (503, {"ok": False, "last_work_seconds": None})
    StageRun.objects.create(name="test", last_run_at=timezone.now() - timedelta(seconds=61))
    assert ask(client)[0] == 503
    StageRun.objects.update(last_run_at=timezone.now() - timedelta(seconds=50))
    assert ask(client)[0] == 200


@pytest.mark.django_db
def test_a_run_from_a_time_to_come_is_no_sign_of_work(client: Client):
    """A worker's clock was an hour ahead for a while, and now the worker is dead."""
    StageRun.objects.create(name="slow", last_run_at=timezone.now() + timedelta(hours=1))
    StageRun.objects.create(name="quick", last_run_at=timezone.now() - timedelta(seconds=61))
    assert ask(client)[0] == 503
    StageRun.objects.filter(name="quick").update(last_run_at=timezone.now())
    assert ask(client)[0] == 200


@pytest.mark.usefixtures("worked")
def test_work_that_waits_too_long_is_named(client: Client, waiting, settings):
    since = time.monotonic()
    waiting["now"] = StageDue(False, 7, timezone.now() - timedelta(seconds=settings.STALE_WORK_SECONDS - 60))
    status, body = ask(client)
    assert status == 200
    age = body["checks"]["work"]["oldest_due_seconds"]["test.waiting"]
    assert 839 <= age <= 841 + (time.monotonic() - since)
    waiting["now"] = StageDue(False, 7, timezone.now() - timedelta(seconds=settings.STALE_WORK_SECONDS + 60))
    status, body = ask(client)
    assert (status, body["checks"]["work"]["late"]) == (503, ["test.waiting"])


@pytest.mark.usefixtures("worked")
def test_migrations_that_wait_are_named(client: Client):
    assert unapplied_migrations() == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders' AND name = '0001_initial'")
    status, body = ask(client)
    assert (status, body["checks"]["migrations"]) == (503, {"ok": False, "unapplied": ["orders.0001_initial"]})


@pytest.mark.usefixtures("worked")
def test_migrations_of_a_newer_version_are_no_fault(client: Client):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_later', now())")
    assert ask(client)[0] == 200


@pytest.mark.usefixtures("worked")
def test_without_redis_it_is_not_ready(client: Client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    nudging.redis_client.cache_clear()
    status, body = ask(client)
    assert (status, body["checks"]["redis"]) == (503, {"ok": False})
    assert body["checks"]["workers"]["ok"] is True


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_answers_all_the_same(client: Client, tmp_path):
    place = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = str(tmp_path)
    try:
        status, body = ask(client)
    finally:
        connection.close()
        connection.settings_dict["HOST"] = place
    assert status == 503
    assert {name: check["ok"] for name, check in body["checks"].items()} == {
        "database": False,
        "redis": True,
        "migrations": False,
        "workers": False,
        "work": False,
    }


@pytest.mark.usefixtures("worked")
def test_asking_again_at_once_asks_the_database_nothing(client: Client, django_assert_num_queries):
    ask(client)
    with django_assert_num_queries(0):
        assert client.get("/readyz").status_code == 200

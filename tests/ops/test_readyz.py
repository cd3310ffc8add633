"""`/readyz`: right when everything does its work, and says what doesn't."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import nudging, readiness, stages
from core.cases.enums import CaseStatus
from core.cases.models import Case
from core.jobs.models import Job
from core.models import StageRun
from core.notifications.models import Notification
from core.outbox.models import OutboxEvent
from core.stages import Stage, StageDue
from core.system_state import unapplied_migrations
from orders.enums import OrderStatus
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders import make_channel, make_order


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


def _event(now: datetime) -> None:
    old = now - timedelta(days=14, minutes=1)
    OutboxEvent.objects.create(name="orders.released", payload={}, occurred_at=old, completed_at=old)


def _job(now: datetime) -> None:
    old = now - timedelta(days=30, minutes=1)
    Job.objects.create(kind="ui.export", status="done", output_file="a/b", created_at=old, finished_at=old)


def _notification(now: datetime) -> None:
    Notification.objects.create(user=make_user(), code="x", created_at=now - timedelta(days=90, minutes=1))


def _order(now: datetime) -> None:
    order = make_order(make_channel("done"), ("NONE", 1))
    Order.objects.filter(pk=order.pk).update(
        status=OrderStatus.DELIVERED, delivered_at=now - timedelta(days=7, minutes=1), validate_due_at=None
    )


def _case(**changed: Any) -> None:
    make_order(make_channel("held"), ("NONE", 1))
    stages.drain(only=["orders.validate"])
    assert Case.objects.update(**changed)


def _verified_case(now: datetime) -> None:
    _case(status=CaseStatus.VERIFIED, verified_at=now - timedelta(hours=24, minutes=1))


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("make", [_event, _job, _notification, _order, _verified_case])
def test_what_is_tidied_up_after_its_time_is_not_late(client: Client, make: Callable[[datetime], None]):
    """It became due a minute ago, however long it was kept before."""
    make(timezone.now())
    status, body = ask(client)
    assert max(body["checks"]["work"]["oldest_due_seconds"].values()) < 60
    assert (status, body["checks"]["work"]["late"]) == (200, [])


@pytest.mark.usefixtures("worked")
def test_a_case_to_be_looked_at_again_waits_since_its_five_minutes_are_over(client: Client):
    _case(checked_at=timezone.now() - timedelta(minutes=16))
    body = ask(client)[1]
    assert 660 <= body["checks"]["work"]["oldest_due_seconds"]["cases.recheck"] < 720


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

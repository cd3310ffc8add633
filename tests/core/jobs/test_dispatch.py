"""Long jobs have a queue of their own, and no more of them run than leave a process for the short tasks."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from core.actor import SYSTEM
from core.jobs import running
from core.jobs.context import JobContext
from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.jobs.registry import job_kind
from core.jobs.services import start_job
from core.nudging import redis_client
from ecom_admin.celery import app
from tests.core.threads import raise_errors, run_together


@pytest.fixture
def three_jobs(kinds) -> list[Job]:
    @job_kind("test.long", "Long")
    def work(context: JobContext) -> None:
        context.progress(1, 1)

    return [start_job(kind="test.long", params={}, actor=SYSTEM) for _ in range(3)]


@pytest.fixture(autouse=True)
def no_messages(db):
    """Messages of the test aren't met by a worker of the next."""
    yield
    with app.connection_for_write() as connection:
        for queue in ("jobs", "celery"):
            connection.default_channel.queue_purge(queue)  # type: ignore[attr-defined]  # kombu's stub lacks it


def sent() -> list[int]:
    return list(Job.objects.filter(dispatched_at__isnull=False).order_by("pk").values_list("pk", flat=True))


def waiting_messages(queue: str) -> int:
    prefix = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return int(redis_client().llen(f"{prefix}{queue}"))


def test_a_job_goes_to_the_queue_of_jobs(db, three_jobs):
    before = waiting_messages("celery")
    assert running.dispatch(50) == 1
    assert (waiting_messages("jobs"), waiting_messages("celery")) == (1, before)


def test_the_next_job_is_sent_when_one_has_ended(db, three_jobs):
    first, second, third = three_jobs
    assert running.dispatch(50) == 1
    assert sent() == [first.pk]
    assert running.dispatch(50) == 0
    assert running.due().count == 0, "what waits for its turn isn't late"
    running.run_job(first.pk)
    assert running.due().count == 2
    assert running.dispatch(50) == 1
    assert sent() == [first.pk, second.pk]
    assert Job.objects.get(pk=third.pk).status == JobStatus.QUEUED


def test_a_job_whose_worker_died_keeps_no_place(db, three_jobs):
    first, second, _third = three_jobs
    Job.objects.filter(pk=first.pk).update(status=JobStatus.RUNNING, heartbeat_at=timezone.now())
    assert running.dispatch(50) == 0
    Job.objects.filter(pk=first.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=61))
    assert running.dispatch(50) == 1
    assert sent() == [second.pk]


def test_the_number_is_a_setting(db, three_jobs, settings):
    settings.JOBS_AT_ONCE = 2
    assert running.dispatch(50) == 2


@pytest.mark.django_db(transaction=True)
def test_two_that_send_at_once_fill_the_place_once(three_jobs):
    counts = raise_errors(run_together(*[partial(running.dispatch, 50)] * 4))
    assert sum(counts) == 1
    assert len(sent()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_started_as_in_the_demo_takes_from_both_queues(child_environment):
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "ecom_admin",
        "inspect",
        "active_queues",
        "--timeout",
        "2",
        "--json",
    ]
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "ecom_admin", "worker", "--pool=solo", "--without-mingle",
         "--without-gossip", "--loglevel=error"],
        env=child_environment, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(15):
            answer = subprocess.run(command, env=child_environment, capture_output=True, text=True, check=False)
            if '"jobs"' in answer.stdout and '"celery"' in answer.stdout:
                return
            time.sleep(1)
        raise AssertionError(answer.stdout + answer.stderr)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

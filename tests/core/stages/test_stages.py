import logging
import socket
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from core import nudging, stages
from core.context import bind_request_id, unbind_request_id
from core.courier import Courier
from core.models import StageRun
from core.nudging import breaker, redis_client
from core.stages import DrainFailed, Stage, StageDue, drain, nudge, register_stage, retry_stage, run_stage
from tests.waiting import wait_until

NOTHING = StageDue(False, 0, None)


class Work:
    """A stage with a pile of units; `fails` makes its runs raise."""

    def __init__(self, name: str, left: int = 0) -> None:
        self.name = name
        self.left = left
        self.runs: list[int] = []
        self.fails = False

    def run(self, batch_size: int) -> int:
        self.runs.append(batch_size)
        if self.fails:
            raise ValueError(f"{self.name} broke")
        done = min(self.left, batch_size)
        self.left -= done
        return done


@pytest.fixture
def make_stage(monkeypatch):
    monkeypatch.setattr(stages, "_stages", dict(stages._stages))
    monkeypatch.setattr(stages, "_written", {})
    monkeypatch.setattr(stages, "_unwritten", {})

    def make(name: str, left: int = 0, **options) -> Work:
        work = Work(name, left)
        register_stage(Stage(name, work.run, lambda: NOTHING, 60, 10, **options))
        return work

    return make


@pytest.fixture
def queue():
    """The names of the stages that wait in the broker."""
    client = redis_client()
    client.flushdb()
    yield lambda: [name for name in ("test.a", "test.b") for _ in range(_messages(client, name))]
    client.flushdb()
    breaker.reset()


def _messages(client, name: str) -> int:
    return sum(message.count(f"['{name}']".encode()) for message in client.lrange("ecom:celery", 0, -1))


def test_a_stage_runs_batches_until_one_is_empty(db, make_stage):
    work = make_stage("test.a", 25)
    assert run_stage("test.a") == 25
    assert work.runs == [10, 10, 10, 10]
    assert StageRun.objects.get(pk="test.a").processed == 25


def test_a_stage_stops_when_its_time_is_used_up_and_asks_to_go_on(db, make_stage, queue):
    make_stage("test.a", 1000)
    assert run_stage("test.a", budget_seconds=0) == 10
    assert queue() == ["test.a"]


def test_an_error_is_recorded_and_keeps_the_stage_quiet_for_a_while(db, make_stage, caplog):
    work = make_stage("test.a", 5)
    work.fails = True
    assert run_stage("test.a") == 0
    run = StageRun.objects.get(pk="test.a")
    assert run.last_error == "ValueError: test.a broke"
    assert run.failures == 1
    assert run.retry_at > timezone.now()
    assert "Stage test.a failed" in caplog.text

    work.fails = False
    assert run_stage("test.a") == 0, "it backs off"
    StageRun.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert run_stage("test.a") == 5


def test_what_is_kept_of_an_error_quotes_no_person(db, make_stage, monkeypatch):
    work = make_stage("test.a", 5)
    work.fails = True
    monkeypatch.setattr(work, "name", "DETAIL:  Failing row contains (7, 李雷, 文三路 90 号).\n")
    run_stage("test.a")
    assert "Failing row contains [hidden]" in StageRun.objects.get(pk="test.a").last_error


def test_the_pause_grows_with_every_failure_and_can_be_ended(db, make_stage):
    work = make_stage("test.a")
    work.fails = True
    pauses = []
    for _attempt in range(4):
        StageRun.objects.update(retry_at=None)
        before = timezone.now()
        run_stage("test.a")
        pauses.append((StageRun.objects.get(pk="test.a").retry_at - before).total_seconds())
    assert pauses == sorted(pauses)
    assert pauses[-1] > 10
    retry_stage("test.a")
    assert StageRun.objects.get(pk="test.a").retry_at is None


def test_statistics_are_written_at_most_every_few_seconds(db, make_stage, django_assert_num_queries):
    work = make_stage("test.a", 1)
    run_stage("test.a")
    work.left = 7
    with django_assert_num_queries(1):  # only whether it backs off
        run_stage("test.a")
    assert StageRun.objects.get(pk="test.a").processed == 1


def test_drain_goes_round_until_nothing_is_due(db, make_stage):
    first = make_stage("test.a", 3)
    refill = iter([4, 0])

    def make_more(_size: int) -> int:
        count = next(refill, 0)
        first.left += count
        return count

    register_stage(Stage("test.b", make_more, lambda: NOTHING, 60, 10))
    assert drain(only=["test.a", "test.b"]) == {"test.a": 7, "test.b": 4}


def test_drain_raises_at_once_or_after_everything_else(db, make_stage):
    bad = make_stage("test.a", 1)
    bad.fails = True
    good = make_stage("test.b", 5)
    with pytest.raises(ValueError, match=r"test\.a broke"):
        drain(only=["test.a", "test.b"])
    assert good.left == 5
    with pytest.raises(DrainFailed) as caught:
        drain(only=["test.a", "test.b"], keep_going=True)
    assert good.left == 0
    assert list(caught.value.errors) == ["test.a"]


def test_the_command_says_what_was_done_and_fails_with_a_stage(db, make_stage, capsys):
    make_stage("test.a", 12)
    call_command("drain", stage=["test.a"])
    assert "test.a" in capsys.readouterr().out
    bad = make_stage("test.b")
    bad.fails = True
    with pytest.raises(CommandError, match=r"test\.b broke"):
        call_command("drain", stage=["test.b"])


def test_nudges_wait_for_the_commit_and_are_sent_once(transactional_db, make_stage, queue):
    make_stage("test.a")
    with transaction.atomic():
        nudge("test.a")
        nudge("test.a")
        assert queue() == []
    assert queue() == ["test.a"]
    with transaction.atomic():
        nudge("test.a")
    assert queue() == ["test.a"], "one is under way"
    run_stage("test.a")
    with transaction.atomic():
        nudge("test.a")
    assert queue() == ["test.a", "test.a"], "work after the start is not missed"


@pytest.fixture
def courier(monkeypatch) -> Courier:
    """As in the product, with more patience."""
    monkeypatch.setattr(stages._courier, "bring", Courier.bring.__get__(stages._courier))
    monkeypatch.setattr(stages._courier, "_pause_seconds", 1.0)
    return stages._courier


def test_nudges_of_a_moment_are_sent_together_by_a_thread(transactional_db, courier, monkeypatch):
    senders = []
    monkeypatch.setattr(courier, "_send", lambda names: senders.append((threading.current_thread(), names)))
    for name in ("test.a", "test.b", "test.a"):
        with transaction.atomic():
            nudge(name)
    wait_until(lambda: [name for _thread, names in senders for name in names] == ["test.a", "test.b"])
    assert threading.current_thread() not in [thread for thread, _names in senders]


def test_a_nudge_arrives_with_the_request_that_caused_it(transactional_db, courier, make_stage, queue):
    bind_request_id("request-4711")
    try:
        with transaction.atomic():
            nudge("test.a")
    finally:
        unbind_request_id()
    wait_until(lambda: queue() == ["test.a"])
    assert "request-4711" in redis_client().lrange("ecom:celery", 0, -1)[0].decode()


def test_all_stages_of_a_transaction_are_started_with_one_question(transactional_db, make_stage, queue, monkeypatch):
    asked = []
    pipeline = redis_client().pipeline

    def ask(**options):
        asked.append(options)
        return pipeline(**options)

    monkeypatch.setattr(redis_client(), "pipeline", ask)
    make_stage("test.a")
    make_stage("test.b")
    with transaction.atomic():
        nudge("test.a")
        with transaction.atomic():
            nudge("test.b")
    assert queue() == ["test.a", "test.b"]
    assert len(asked) == 1


def test_a_broker_that_is_away_is_waited_for_once(transactional_db, make_stage, queue, monkeypatch):
    asked = []

    def refuse(*_args, **options):
        asked.append(options["args"])
        raise ConnectionError

    monkeypatch.setattr("core.stages.current_app.send_task", refuse)
    make_stage("test.a")
    make_stage("test.b")
    with transaction.atomic():
        nudge("test.a")
        nudge("test.b")
    assert asked == [["test.a"]]


def test_a_transaction_that_rolls_back_sends_no_nudge(transactional_db, make_stage, queue):
    make_stage("test.a")
    with transaction.atomic():
        nudge("test.a")
        transaction.set_rollback(True)
    assert queue() == []


@pytest.fixture(params=["unix:///nowhere/redis.sock", "redis://10.255.255.1:6379/0"])
def dead_redis(request, settings):
    """A Redis that refuses, and one that never answers."""
    settings.REDIS_URL = request.param
    redis_client.cache_clear()
    breaker.reset()
    yield
    redis_client.cache_clear()
    breaker.reset()


@pytest.fixture
def tries(monkeypatch) -> list[float | None]:
    """How long each try to connect may take, in seconds."""
    limits: list[float | None] = []
    connect = socket.socket.connect

    def watched(self, address):
        limits.append(self.gettimeout())
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    return limits


def test_without_redis_the_caller_neither_fails_nor_waits(transactional_db, make_stage, dead_redis, tries, caplog):
    caplog.set_level(logging.WARNING)
    with transaction.atomic():
        nudge("test.a")
    assert tries == [0.5], "it is given up after half a second"
    assert "Not sent: stage nudge test.a" in caplog.text

    for _call in range(200):
        with transaction.atomic():
            nudge("test.a")
    assert tries == [0.5], "the breaker keeps later calls from waiting"


def test_the_breaker_closes_again_after_a_while(transactional_db, make_stage, queue, settings, monkeypatch):
    make_stage("test.a")
    monkeypatch.setattr(nudging, "OPEN_SECONDS", 60.0)
    with breaker.guard("a call"):
        raise ConnectionError
    with transaction.atomic():
        nudge("test.a")
    assert queue() == []
    monkeypatch.setattr(nudging, "OPEN_SECONDS", 0.05)
    with breaker.guard("a call"):
        raise ConnectionError
    wait_until(lambda: not breaker.is_open)
    with transaction.atomic():
        nudge("test.a")
    assert queue() == ["test.a"]

"""`/metrics`: readable by Prometheus, closed to others, and the figures are those of what happened."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from core import metering, nudging, stages
from core.nudging import redis_client
from core.outbox.models import OutboxEvent
from core.stages import Stage, StageDue
from core.workers import describe_worker

pytestmark = pytest.mark.django_db


def scrape(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def aged(seconds: float, since: float) -> Any:
    """An age of so many seconds at the monotonic instant `since`, looked at between then and now."""
    passed = time.monotonic() - since
    return pytest.approx(seconds + passed / 2, abs=passed / 2 + 1)


def value(samples: dict, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_requests_are_measured_by_view_and_kind_of_answer(client: Client):
    started = time.monotonic()
    for _ in range(3):
        client.get("/healthz")
    client.post("/healthz")
    passed = time.monotonic() - started
    samples = scrape(client)
    assert value(samples, "ecom_http_request_seconds_count", view="healthz", status="2xx") == 3
    assert value(samples, "ecom_http_request_seconds_count", view="healthz", status="4xx") == 1
    assert 0 < value(samples, "ecom_http_request_seconds_sum", view="healthz", status="2xx") < passed


def test_addresses_that_lead_nowhere_make_no_figures(client: Client):
    client.get("/nowhere/4711/")
    assert not [name for name, labels in scrape(client) if "4711" in str(labels)]


def test_buckets_add_up(client: Client):
    for seconds in (0.001, 0.02, 0.02, 60):
        metering.observe("carrier_call", {"carrier": "sf", "outcome": "2xx"}, seconds)
    samples = scrape(client)
    found = {
        bound: value(samples, "ecom_carrier_call_seconds_bucket", carrier="sf", outcome="2xx", le=bound)
        for bound in ("0.005", "0.01", "0.025", "30.0", "+Inf")
    }
    assert found == {"0.005": 1, "0.01": 1, "0.025": 3, "30.0": 3, "+Inf": 4}


def test_processes_add_to_the_same_figures(client: Client):
    for _process in range(2):
        metering.observe("stage", {"stage": "x", "outcome": "ok"}, 1.5)
        metering.flush()
    samples = scrape(client)
    assert value(samples, "ecom_stage_run_seconds_sum", stage="x", outcome="ok") == 3
    assert value(samples, "ecom_stage_run_seconds_count", stage="x", outcome="ok") == 2


def test_stages_tell_their_runs_and_what_waits(client: Client, monkeypatch: pytest.MonkeyPatch):
    since = time.monotonic()
    due = StageDue(False, 5, timezone.now() - timedelta(seconds=90))
    failing = Stage("test.failing", run=lambda size: 1 // 0, due=lambda: due, every_seconds=5, batch_size=1)
    monkeypatch.setitem(stages._stages, failing.name, failing)
    stages.run_stage("test.failing")
    samples = scrape(client)
    assert value(samples, "ecom_stage_run_seconds_count", stage="test.failing", outcome="failed") == 1
    assert value(samples, "ecom_stage_failures", stage="test.failing") == 1
    assert value(samples, "ecom_stage_due", stage="test.failing") == 5
    assert value(samples, "ecom_stage_oldest_due_seconds", stage="test.failing") == aged(90, since)


def test_outbox_workers_and_queue(client: Client):
    since, now = time.monotonic(), timezone.now()
    OutboxEvent.objects.create(name="x", payload={}, occurred_at=now, next_attempt_at=now - timedelta(seconds=30))
    OutboxEvent.objects.create(name="x", payload={}, occurred_at=now, is_dead=True)
    describe_worker("celery@here")
    redis_client().lpush("ecom:celery", json.dumps({"headers": {"sent_at": time.time() - 12}}))
    samples = scrape(client)
    assert value(samples, "ecom_outbox_waiting") == 1
    assert value(samples, "ecom_outbox_oldest_seconds") == aged(30, since)
    assert value(samples, "ecom_outbox_dead") == 1
    assert value(samples, "ecom_workers_alive") == 1
    assert value(samples, "ecom_queue_messages") == 1
    assert value(samples, "ecom_queue_oldest_seconds") == aged(12, since)
    assert value(samples, "ecom_ready", check="database") == 1


def test_without_redis_the_rest_is_told(client: Client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    nudging.redis_client.cache_clear()
    samples = scrape(client)
    assert value(samples, "ecom_ready", check="redis") == 0
    assert value(samples, "ecom_workers_alive") is None
    assert value(samples, "ecom_outbox_waiting") == 0


def test_with_a_token_only_who_shows_it_may_read(client: Client, settings):
    settings.METRICS_TOKEN = "s3cret-token"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer other"}).status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer s3cret-token"}).status_code == 200


def test_without_a_token_only_this_machine_may_read(client: Client, settings):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 404
    settings.PRODUCTION = True
    assert client.get("/metrics").status_code == 404

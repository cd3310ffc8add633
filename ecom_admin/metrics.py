"""`/metrics`: figures for Prometheus, in its text format.

Durations come from every process through core.metering, states from PostgreSQL and Redis; so one target is enough,
however many web and worker processes there are.
"""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import accumulate

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from redis import RedisError

from core import metering
from core.jobs.models import Job
from core.outbox.selectors import outbox_state
from core.readiness import report
from core.system_state import stage_states
from core.version import version
from core.workers import queue, workers

Family = GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily

# name in core.metering → (metric, what it says, labels)
DURATIONS = {
    "http": ("ecom_http_request_seconds", "Requests by view and kind of answer.", ("view", "status")),
    "stage": ("ecom_stage_run_seconds", "Runs of stages by outcome.", ("stage", "outcome")),
    "carrier_call": ("ecom_carrier_call_seconds", "Calls to carriers by kind of answer.", ("carrier", "outcome")),
}


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 for whoever may not know."""
    if not _may_read(request):
        raise Http404
    metering.flush()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """With the token; without one set, in development, programs on this machine that no proxy stands before."""
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    if settings.PRODUCTION or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class Figures(Collector):
    """Everything that is told, looked up when asked."""

    def collect(self) -> Iterator[Family]:
        info = GaugeMetricFamily("ecom_info", "The version that answers.", labels=["version"])
        info.add_metric([version()], 1)
        yield info
        yield from _durations()
        yield from _checks()
        yield from _stages()
        yield from _outbox()
        yield from _jobs()
        yield from _broker()


def _durations() -> Iterator[Family]:
    totals = metering.totals()
    for name, (metric, text, labels) in DURATIONS.items():
        family = HistogramMetricFamily(metric, text, labels=labels)
        for values, durations in sorted(totals.get(name, {}).items()):
            counts = list(accumulate(durations.counts))
            bounds = [*(str(bound) for bound in metering.BUCKETS), "+Inf"]
            named = dict(values)
            family.add_metric(
                [named[label] for label in labels], list(zip(bounds, counts, strict=True)), durations.seconds
            )
        yield family


def _checks() -> Iterator[Family]:
    family = GaugeMetricFamily("ecom_ready", "Whether a check of /readyz is right.", labels=["check"])
    for name, check in report().items():
        family.add_metric([name], float(check.ok))
    yield family


def _stages() -> Iterator[Family]:
    now = timezone.now()
    due = GaugeMetricFamily("ecom_stage_due", "Work that waits, counted up to a cap.", labels=["stage"])
    age = GaugeMetricFamily("ecom_stage_oldest_due_seconds", "Age of the oldest due work.", labels=["stage"])
    failures = GaugeMetricFamily("ecom_stage_failures", "Failed runs in a row.", labels=["stage"])
    success = GaugeMetricFamily("ecom_stage_last_success_timestamp_seconds", "Last good run.", labels=["stage"])
    processed = CounterMetricFamily("ecom_stage_processed", "Rows handled.", labels=["stage"])
    for state in stage_states():
        labels = [state.stage.name]
        due.add_metric(labels, state.due.count)
        age.add_metric(labels, state.age(now))
        if state.run is not None:
            failures.add_metric(labels, state.run.failures)
            processed.add_metric(labels, state.run.processed)
            if state.run.last_success_at is not None:
                success.add_metric(labels, state.run.last_success_at.timestamp())
    yield from (due, age, failures, success, processed)


def _outbox() -> Iterator[Family]:
    state = outbox_state()
    now = timezone.now()
    age = (now - state.oldest_at).total_seconds() if state.oldest_at else 0.0
    yield GaugeMetricFamily("ecom_outbox_waiting", "Events that wait, counted up to a cap.", value=state.waiting)
    yield GaugeMetricFamily("ecom_outbox_oldest_seconds", "Age of the oldest of them.", value=age)
    yield GaugeMetricFamily("ecom_outbox_dead", "Events with a delivery that was given up.", value=state.dead)


def _jobs() -> Iterator[Family]:
    counts = Job.objects.filter(finished_at=None).aggregate(
        queued=Count("pk", filter=Q(status="queued")), running=Count("pk", filter=Q(status="running"))
    )
    family = GaugeMetricFamily("ecom_jobs", "Open jobs by status.", labels=["status"])
    for status, count in counts.items():
        family.add_metric([status], count)
    yield family


def _broker() -> Iterator[Family]:
    try:
        waiting, found = queue(), workers()
    except (RedisError, OSError):
        return
    now = timezone.now()
    age = (now - waiting.oldest_at).total_seconds() if waiting.oldest_at else 0.0
    alive = sum(worker.is_alive(now) for worker in found)
    yield GaugeMetricFamily("ecom_workers_alive", "Workers heard of within a minute.", value=alive)
    yield GaugeMetricFamily("ecom_queue_messages", "Messages that wait for a worker.", value=waiting.waiting)
    yield GaugeMetricFamily("ecom_queue_oldest_seconds", "Age of the oldest of them.", value=age)

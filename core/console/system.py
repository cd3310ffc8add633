"""The System page: what runs, what waits and what failed, for administrators; other apps add panels to it with
register_panel(SYSTEM, …), and name what is wrong on top with register_trouble()."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from core.accounts.permissions import MANAGE_SYSTEM
from core.actor import Actor
from core.audit.services import record
from core.ids import parse_id
from core.jobs.enums import JobStatus
from core.jobs.selectors import jobs_for
from core.models import StageRun
from core.outbox.selectors import dead_event_ids, failed_deliveries, outbox_state
from core.outbox.services import retry_events
from core.readiness import Report, is_ready, report
from core.stages import Stage, retry_stage, stages
from core.system_state import StageState, stage_states
from core.ui import panels
from core.ui.content import Badge, Banner, PageAction, PanelContent, Text
from core.ui.formats import duration_text
from core.ui.panels import register_panel
from core.ui.views import ConsoleView, go, say
from core.version import version
from core.words import listed
from core.workers import queue, workers

SYSTEM = "console.system"
SHOWN = 20
JOBS_FAILED_WITHIN = timedelta(days=7)

_CHECKS: dict[str, tuple[Text, Text]] = {
    "database": (_("Database"), _("PostgreSQL doesn't answer.")),
    "redis": (_("Redis"), _("Redis doesn't answer. Orders are taken all the same, but no background work starts.")),
    "migrations": (_("Migrations"), _("The database is older than the program. Run manage.py migrate.")),
    "workers": (_("Workers"), _("No worker has done anything for a minute. Look whether worker and beat run.")),
    "work": (_("Due work"), _("Work has been waiting too long. Look at the stages that are late.")),
}


_troubles: list[Callable[[], Banner | None]] = []


def register_trouble(find: Callable[[], Banner | None]) -> None:
    """Have the System page say on top what another app finds wrong; `find` is called for every look at the page."""
    _troubles.append(find)


class SystemPage(ConsoleView):
    """Renews itself every few seconds."""

    title = pgettext_lazy("page", "System")
    permission = MANAGE_SYSTEM
    template_name = "console/system.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        checks = report()
        troubles = [*_failing_banner(_failing_stages()), *(banner for find in _troubles if (banner := find()))]
        rendered = [
            entry
            for panel in panels.panels_for(SYSTEM, request.user)
            if (entry := panels.render_panel(panel, request, None)) is not None
        ]
        return self.page(
            context={
                "banners": [*_banners(checks), *troubles],
                "is_ready": is_ready(checks) and not troubles,
                "main_panels": [entry for entry in rendered if entry.panel.column == "main"],
                "side_panels": [entry for entry in rendered if entry.panel.column == "side"],
            }
        )


class RetryStage(ConsoleView):
    """Run a stage now, also one that holds back after errors."""

    http_method_names = ["post", "options"]
    permission = MANAGE_SYSTEM

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        stage = next((state.stage for state in stage_states() if state.stage.name == name), None)
        if stage is None:
            raise Http404
        retry_stage(name)
        _record(request, "core.stage_retried", "core.stagerun", name)
        say(request, gettext("%(stage)s runs as soon as a worker is free.") % {"stage": stage.label or name})
        return go(request, reverse("console:system"))


class RetryDelivery(ConsoleView):
    """Deliver an event again, or all whose delivery was given up."""

    http_method_names = ["post", "options"]
    permission = MANAGE_SYSTEM

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = request.POST.get("event", "")
        event_id = parse_id(chosen)
        if chosen and event_id is None:
            raise Http404
        event_ids = dead_event_ids() if event_id is None else [event_id]
        count = retry_events(event_ids=event_ids)
        _record(request, "outbox.delivery_retried", "outbox.outboxevent", ", ".join(map(str, event_ids[:SHOWN])))
        text = ngettext("%(count)d event is delivered again.", "%(count)d events are delivered again.", count)
        say(request, text % {"count": count})
        return go(request, reverse("console:system"))


def _record(request: HttpRequest, action: str, subject_type: str, label: str) -> None:
    actor = Actor.for_user(request.user)
    record(action=action, actor=actor, subject_type=subject_type, subject_id=None, subject_label=label)


def _banners(checks: Report) -> list[Banner]:
    return [
        Banner(level="danger", title=_CHECKS[name][0], body=_CHECKS[name][1])
        for name, check in checks.items()
        if not check.ok
    ]


def _failing_stages() -> list[Stage]:
    names = set(StageRun.objects.filter(failures__gt=0).values_list("name", flat=True))
    return [stage for stage in stages() if stage.name in names]


def _failing_banner(failing: Sequence[Stage]) -> list[Banner]:
    if not failing:
        return []
    title = ngettext("A stage fails", "%(count)d stages fail", len(failing)) % {"count": len(failing)}
    return [Banner(level="danger", title=title, body=listed(stage.label or stage.name for stage in failing))]


def _stage_badge(state: StageState, now: datetime) -> Badge:
    if state.is_failing:
        return Badge(label=_("Failing"), colour="danger", icon="alert-triangle")
    if state.is_late(now):
        return Badge(label=_("Late"), colour="warning", icon="clock-exclamation")
    if state.run is None:
        return Badge(label=_("Not run yet"), colour="neutral", icon="clock")
    if state.is_overdue(now):
        return Badge(label=_("Not started"), colour="warning", icon="clock-off")
    return Badge(label=_("Running"), colour="success", icon="check")


def _stages(request: HttpRequest, _obj: Any) -> PanelContent:
    now = timezone.now()
    rows = [
        {
            "state": state,
            "run": state.run or StageRun(name=state.stage.name),
            "badge": _stage_badge(state, now),
            "every": duration_text(state.stage.every_seconds),
            "retry": PageAction(
                label=_("Run now"), url=reverse("console:system_stage_retry", args=[state.stage.name]), method="post"
            ),
        }
        for state in stage_states()
    ]
    return PanelContent("console/_system_stages.html", {"rows": rows})


def _outbox(request: HttpRequest, _obj: Any) -> PanelContent:
    url = reverse("console:system_delivery_retry")
    rows = [
        {
            "failure": failure,
            "retry": PageAction(label=_("Deliver again"), url=url, method="post", params={"event": failure.event_id}),
        }
        for failure in failed_deliveries(SHOWN)
    ]
    state = outbox_state()
    retry_all = PageAction(label=_("Deliver all given up again"), url=url, method="post", icon="refresh")
    return PanelContent(
        "console/_system_outbox.html", {"outbox": state, "rows": rows}, actions=[retry_all] if state.dead else []
    )


def _jobs(request: HttpRequest, _obj: Any) -> PanelContent:
    """Jobs that broke off and weren't started again since."""
    since = timezone.now() - JOBS_FAILED_WITHIN
    failed = jobs_for(request.user).filter(status=JobStatus.FAILED, finished_at__gte=since, retries=None)
    rows = [
        {
            "job": job,
            "retry": PageAction(
                label=_("Start again"), url=reverse("jobs:job_retry", args=[job.pk]), method="post", icon="refresh"
            ),
        }
        for job in failed.order_by("-finished_at")[:SHOWN]
    ]
    return PanelContent("console/_system_jobs.html", {"rows": rows})


def _state(request: HttpRequest, _obj: Any) -> PanelContent:
    checks = [(_CHECKS[name][0], _check_badge(check.ok)) for name, check in report().items()]
    return PanelContent("console/_system_state.html", {"version": version(), "checks": checks})


def _check_badge(ok: bool) -> Badge:
    if ok:
        return Badge(label=_("OK"), colour="success", icon="check")
    return Badge(label=_("Wrong"), colour="danger", icon="alert-triangle")


def _workers(request: HttpRequest, _obj: Any) -> PanelContent:
    now = timezone.now()
    try:
        rows: Sequence[Any] = [(worker, _worker_badge(worker.is_alive(now))) for worker in workers()]
        waiting = queue()
    except (RedisError, OSError):
        return PanelContent("console/_system_workers.html", {"is_unknown": True})
    return PanelContent("console/_system_workers.html", {"rows": rows, "queue": waiting})


def _worker_badge(is_alive: bool) -> Badge:
    if is_alive:
        return Badge(label=_("Alive"), colour="success", icon="heartbeat")
    return Badge(label=_("Silent"), colour="danger", icon="heart-off")


register_panel(SYSTEM, code="stages", title=_("Stages"), render=_stages, order=10)
register_panel(SYSTEM, code="outbox", title=_("Outbox"), render=_outbox, order=20)
register_panel(SYSTEM, code="jobs", title=_("Failed jobs"), render=_jobs, order=30)
register_panel(SYSTEM, code="state", title=_("State"), render=_state, order=10, column="side")
register_panel(SYSTEM, code="workers", title=_("Workers and queue"), render=_workers, order=20, column="side")

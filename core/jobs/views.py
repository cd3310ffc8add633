"""Pages of jobs: the list, one job live, its files; and the two addresses that every list posts to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.actor import Actor, actor_name
from core.audit.services import record
from core.ids import parse_id
from core.jobs import files
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.failed_rows import failed_rows_csv
from core.jobs.filters import JobFilter
from core.jobs.forms import BulkForm, ExportForm
from core.jobs.list_jobs import bulk_title, export_title
from core.jobs.models import Job
from core.jobs.permissions import VIEW_ALL
from core.jobs.reading import BULK_ACTION, EXPORT, may_read
from core.jobs.selectors import jobs_for, latest_jobs, rows_page
from core.jobs.services import cancel_job, retry_failed, start_job
from core.ui import lists
from core.ui.columns import Column
from core.ui.content import Banner, EmptyState, Header, PageAction, Text
from core.ui.lists import PresetView
from core.ui.views import ActionPage, ConsoleView, DetailPage, ListPage, go, is_fragment, say
from core.words import run_on

_READING_REFUSED = _("You no longer have the rights under which this was made.")


class JobList(ListPage[Job]):
    key = "jobs.job"
    title = _("Jobs")
    model = Job
    url_name = "jobs:job_list"
    icon = "progress"
    filterset_class = JobFilter
    columns = (
        Column("title", _("Job"), accessor="heading", link=True, width="l"),
        Column("status", _("Status"), cell="jobs/_status_cell.html", export=lambda job: job.badge.label),
        Column("total", _("Rows"), accessor=lambda job: job.total or job.processed, cell="number"),
        Column("succeeded", _("Done"), cell="number"),
        Column("failed", _("Failed"), cell="number"),
        Column("skipped", _("Skipped"), cell="number", default=False),
        Column("actor_label", _("Started by"), accessor=lambda job: actor_name(job.actor_label), permission=VIEW_ALL),
        Column("created_at", _("Started"), cell="when"),
        Column("finished_at", _("Finished"), cell="when", default=False),
    )
    views = (
        PresetView("open", _("In progress"), "status=queued&status=running"),
        PresetView("failed", _("With failures"), "has_failures=true"),
    )

    def get_queryset(self, user: Any) -> Any:
        return jobs_for(user)

    def row_url(self, row: Job) -> str:
        return reverse("jobs:job_detail", args=[row.pk])

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("No jobs yet."),
            body=_("Imports, exports and actions on many rows run here while you go on working."),
            icon=self.icon,
        )


class JobPage(DetailPage[Job]):
    key = "jobs.job"
    list_key = "jobs.job"
    template_name = "jobs/job_detail.html"

    def header(self, obj: Job) -> Header:
        menu = []
        readable = may_read(self.request.user, obj)
        if obj.input_file and readable:
            menu.append(
                PageAction(label=_("Download the uploaded file"), url=_url("job_input", obj), icon="file-download")
            )
        primary = _primary(obj, readable)
        if primary is not None and primary.url == _url("job_failed_rows", obj):
            menu.append(_retry(obj))
        return Header(
            title=obj.heading,
            line=gettext("Started by %(who)s") % {"who": actor_name(obj.actor_label)},
            primary=primary,
            menu=menu,
        )

    def banners(self, obj: Job) -> Sequence[Banner]:
        if may_read(self.request.user, obj):
            return []
        return [Banner(level="warning", title=_READING_REFUSED, icon="lock")]

    def extra_context(self, obj: Job) -> dict[str, Any]:
        rows = _rows_context(self.request, obj)
        # An export's result is its file: once it is there, a list of rows would only be empty.
        has_rows = bool(rows["rows"] or rows["outcome"] or obj.is_open or not obj.output_name)
        return {"job": obj, "has_rows": has_rows, "list_url": _list_url(obj), **_progress_context(obj), **rows}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fragment(request) and "rows" in request.GET:
            job = self.get_object()
            return self.page("jobs/_rows.html", {"job": job, **_rows_context(request, job)})
        return super().get(request, *args, **kwargs)


class JobProgress(ConsoleView):
    """The part of a job's page that renews itself; when the job ends, the page is loaded once more."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(jobs_for(request.user), pk=pk)
        response = self.page("jobs/_progress.html", {"job": job, **_progress_context(job)})
        if not job.is_open:
            response["HX-Refresh"] = "true"
        return response


class JobsPanel(ConsoleView):
    """A person's newest jobs, under the button in the top bar."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("jobs/_panel.html", {"jobs": latest_jobs(request.user, 8)})


class CancelJob(ActionPage[Job]):
    list_key = "jobs.job"

    def perform(self, obj: Job) -> Text:
        job = cancel_job(job_id=obj.pk)
        if job.status == JobStatus.CANCELLED:
            return _("The job was cancelled before it started.")
        return _("The job stops after the rows it is at. What was done so far is kept.")


class RetryJob(ActionPage[Job]):
    list_key = "jobs.job"
    started: Job

    def perform(self, obj: Job) -> None:
        _require_reading(self.request, obj)
        self.started = retry_failed(job_id=obj.pk, actor=Actor.for_user(self.request.user))

    def next_url(self, obj: Job) -> str:
        return _url("job_detail", getattr(self, "started", obj))


class DownloadOutput(ConsoleView):
    """The result file, for those who may see the job."""

    def get(self, request: HttpRequest, pk: int) -> FileResponse:
        job = _readable(request, pk)
        return _file(job.output_file, job.output_name)


class DownloadInput(ConsoleView):
    """The file that was uploaded, for those who may see the job."""

    def get(self, request: HttpRequest, pk: int) -> FileResponse:
        job = _readable(request, pk)
        return _file(job.input_file, job.input_name)


class DownloadFailedRows(ConsoleView):
    """The rows that failed, with the reason, as CSV: an import's can be mended in it and imported again."""

    def get(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        job = _readable(request, pk)
        response = StreamingHttpResponse(failed_rows_csv(job), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="job-{job.pk}-failed.csv"'
        return response


class StartBulkAction(ConsoleView):
    """Where the bulk bar of every list posts to: starts the job and shows it."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = BulkForm(request.POST)
        if not form.is_valid():
            raise Http404
        page = lists.get(form.cleaned_data["list"])
        action = page.action(form.cleaned_data["action"], request.user)
        ids = form.ids()
        fields = action.form(request.user, request.POST)
        if ids == [] or not fields.is_valid():
            return self._refuse(page, fields)
        job = start_job(
            kind=BULK_ACTION,
            params={
                "list": page.key,
                "action": action.code,
                "query": form.cleaned_data["query"],
                "ids": ids,
                "fields": {
                    fields.add_prefix(name): request.POST.getlist(fields.add_prefix(name)) for name in fields.fields
                },
            },
            actor=Actor.for_user(request.user),
            title=bulk_title(page, action),
            total=None if ids is None else len(ids),
        )
        return go(request, _url("job_detail", job))

    def _refuse(self, page: lists.ListDefinition[Any], fields: Any) -> HttpResponse:
        problems = run_on(*(error for errors in fields.errors.values() for error in errors))
        say(self.request, problems or _("Select at least one row."), "error")
        return go(self.request, page.url(self.request.POST.get("query", "")))


class StartExport(ConsoleView):
    """Where the export menu of every list posts to: starts the job and shows it."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ExportForm(request.POST)
        if not form.is_valid():
            raise Http404
        page = lists.get(form.cleaned_data["list"])
        if not (page.may_see(request.user) and page.can_export):
            raise Http404
        actor = Actor.for_user(request.user)
        job = start_job(
            kind=EXPORT,
            params=dict(form.cleaned_data),
            actor=actor,
            title=export_title(page),
        )
        record(
            action="jobs.export_started",
            actor=actor,
            subject_type="jobs.job",
            subject_id=job.pk,
            subject_label=job.title,
            changes={"query": ["", form.cleaned_data["query"]]},
        )
        return go(request, _url("job_detail", job))


def _url(name: str, job: Job) -> str:
    return reverse(f"jobs:{name}", args=[job.pk])


def _readable(request: HttpRequest, pk: int) -> Job:
    """The job, if the person may (still) read what it holds: a right may have been withdrawn since."""
    job = get_object_or_404(jobs_for(request.user), pk=pk)
    _require_reading(request, job)
    return job


def _require_reading(request: HttpRequest, job: Job) -> None:
    if not may_read(request.user, job):
        raise PermissionDenied(_READING_REFUSED)


def _primary(job: Job, readable: bool) -> PageAction | None:
    if job.is_open:
        return PageAction(label=_("Cancel"), url=_url("job_cancel", job), method="post", icon="player-stop")
    if not readable:
        return None
    if job.output_file:
        return PageAction(label=_("Download"), url=_url("job_output", job), icon="download", style="primary")
    broke_off = job.status in {JobStatus.FAILED, JobStatus.CANCELLED}
    if job.failed and job.input_file and not broke_off:
        # The same rows of the same file would fail again: they have to be mended first.
        label = _("Download the failed rows")
        return PageAction(label=label, url=_url("job_failed_rows", job), icon="download", style="primary")
    if job.failed or broke_off:
        return replace(_retry(job), style="primary")
    list_url = _list_url(job)
    return (
        PageAction(label=_("Back to the list"), url=list_url, icon="arrow-left", style="primary") if list_url else None
    )


def _retry(job: Job) -> PageAction:
    label = _("Try the failed rows again") if job.failed else _("Start again")
    return PageAction(label=label, url=_url("job_retry", job), method="post", icon="refresh")


def _list_url(job: Job) -> str:
    """The list that an action on many rows came from, with its filters."""
    page = lists.find(job.params["list"]) if job.kind == BULK_ACTION else None
    return page.url(job.params["query"]) if page else ""


def _progress_context(job: Job) -> dict[str, Any]:
    return {"status": job.badge, "counts": _counts(job), "poll_url": _url("job_progress", job)}


def _counts(job: Job) -> Sequence[tuple[str, int, Text]]:
    """(colour, number, word) of the outcomes that occurred."""
    counts = [
        ("success", job.succeeded, ngettext("done", "done", job.succeeded)),
        ("danger", job.failed, gettext("failed")),
        ("neutral", job.skipped, gettext("skipped")),
    ]
    return [entry for entry in counts if entry[1]]


def _rows_context(request: HttpRequest, job: Job) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    readable = may_read(request.user, job)
    rows, next_after = rows_page(job, outcome, parse_id(request.GET.get("after", "")) or 0) if readable else ([], None)
    return {
        "rows": rows,
        "outcome": outcome,
        "outcomes": RowOutcome,
        "next_after": next_after,
        "failed_url": _url("job_failed_rows", job) if job.failed and readable else "",
    }


def _file(name: str, shown_as: str) -> FileResponse:
    if not name:
        raise Http404
    try:
        handle = files.path_of(name).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(handle, as_attachment=True, filename=shown_as)
    response["Cache-Control"] = "private, no-store"
    return response

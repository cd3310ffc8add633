from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.registry import find_kind
from core.ui.content import Badge


class Job(models.Model):
    """Work that takes longer than a page: an import, an export or an action on many rows."""

    kind = models.CharField(_("kind"), max_length=80)
    title = models.CharField(_("title"), max_length=255)
    params = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_index=False,
        related_name="jobs",
        null=True,
        blank=True,
        verbose_name=_("started by"),
    )
    actor_label = models.CharField(_("started by"), max_length=255)
    actor_kind = models.CharField(max_length=16)
    status = models.CharField(_("status"), max_length=16, choices=JobStatus, default=JobStatus.QUEUED)
    total = models.PositiveIntegerField(_("rows"), null=True)
    processed = models.PositiveIntegerField(_("rows handled"), default=0)
    succeeded = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    input_file = models.CharField(_("uploaded file"), max_length=255, blank=True)
    input_name = models.CharField(_("file name"), max_length=255, blank=True)
    output_file = models.CharField(_("result file"), max_length=255, blank=True)
    output_name = models.CharField(_("result file name"), max_length=255, blank=True)
    message = models.TextField(_("message"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("starts"), default=0)
    cancel_requested = models.BooleanField(default=False)
    retry_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="retries",
        verbose_name=_("repeats"),
    )
    created_at = models.DateTimeField(_("created"))
    dispatched_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        permissions = [("view_all_jobs", _("see and cancel the jobs of everybody"))]
        indexes = [
            models.Index(fields=["created_by", "-id"], name="jobs_by_user"),
            models.Index(
                fields=["status", "heartbeat_at"],
                name="jobs_open",
                condition=Q(status__in=["queued", "running"]),
            ),
            models.Index(fields=["finished_at"], name="jobs_finished", condition=Q(finished_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def heading(self) -> str:
        """The title in the reader's language."""
        kind = find_kind(self.kind)
        return kind.title(self) if kind and kind.title else self.title

    @property
    def summary(self) -> str:
        """What came of it, in the reader's language; why it stopped, as it was told to who had started it."""
        kind = find_kind(self.kind)
        return kind.summary(self) if kind and kind.summary and self.status == JobStatus.DONE else self.message

    @property
    def status_enum(self) -> JobStatus:
        return JobStatus(self.status)

    @property
    def badge(self) -> JobStatus | Badge:
        """The status as it is shown: what is done with failures isn't simply done."""
        if self.status == JobStatus.DONE and self.failed:
            return Badge(label=_("Done with failures"), colour="warning", icon="alert-triangle")
        return self.status_enum

    @property
    def is_open(self) -> bool:
        return self.status in JobStatus.OPEN

    @property
    def percent(self) -> int | None:
        """Progress in percent; None while the number of rows isn't known."""
        if not self.total:
            return None
        return min(100, self.processed * 100 // self.total)


class JobRow(models.Model):
    """What became of one row of a job, or of several that belong together: see row_numbers."""

    job = models.ForeignKey(Job, models.CASCADE, db_index=False, related_name="rows", verbose_name=_("job"))
    row_number = models.PositiveIntegerField(_("row"))
    key = models.CharField(_("key"), max_length=255, blank=True)
    outcome = models.CharField(_("result"), max_length=8, choices=RowOutcome)
    field = models.CharField(_("field"), max_length=120, blank=True)
    message = models.TextField(_("message"), blank=True)
    data = models.JSONField(_("data"), null=True, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("row of a job")
        verbose_name_plural = _("rows of jobs")
        ordering = ["job_id", "row_number"]
        constraints = [models.UniqueConstraint(fields=["job", "row_number"], name="jobs_row_once")]
        indexes = [models.Index(fields=["job", "outcome", "row_number"], name="jobs_row_outcome")]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.row_number}"

    @property
    def row_numbers(self) -> list[int]:
        """The numbers of the rows that this is the result of, ascending."""
        also = self.data.get("also") if isinstance(self.data, dict) else None
        return [self.row_number, *(also or ())]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Its rows as (first, last) of every run without a gap."""
        spans: list[tuple[int, int]] = []
        for number in self.row_numbers:
            if spans and number == spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], number)
            else:
                spans.append((number, number))
        return spans

    @property
    def page_url(self) -> str:
        """The page of what the row is about or what came of it; that page asks for rights itself."""
        url = self.data.get("url") if isinstance(self.data, dict) else None
        return url if isinstance(url, str) and url.startswith("/") and not url.startswith("//") else ""

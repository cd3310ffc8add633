from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import is_limited
from core.admin import ReadOnlyAdmin, code_filter
from core.jobs.models import Job, JobRow
from core.jobs.registry import kinds
from core.jobs.selectors import jobs_for


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ["id", "title", "status", "processed", "failed", "actor_label", "created_at", "finished_at"]
    list_filter = ["status", code_filter("kind", _("kind"), lambda: ((kind.code, kind.label) for kind in kinds()))]
    search_fields = ["=id", "title"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return jobs_for(request.user).order_by("-id")


@admin.register(JobRow)
class JobRowAdmin(ReadOnlyAdmin[JobRow]):
    list_display = ["id", "job_id", "row_number", "key", "outcome", "field", "message"]
    list_filter = ["outcome"]
    search_fields = ["=job__id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[JobRow]:
        rows = super().get_queryset(request)
        return rows.filter(job__in=jobs_for(request.user)) if is_limited(request.user) else rows

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from core.jobs.models import Job, JobRow


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ["id", "title", "status", "processed", "failed", "actor_label", "created_at", "finished_at"]
    list_filter = ["status", "kind"]
    search_fields = ["=id", "title"]


@admin.register(JobRow)
class JobRowAdmin(ReadOnlyAdmin[JobRow]):
    list_display = ["id", "job_id", "row_number", "key", "outcome", "field", "message"]
    list_filter = ["outcome"]
    search_fields = ["=job__id"]

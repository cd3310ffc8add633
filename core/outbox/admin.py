from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin import ReadOnlyAdmin, code_filter
from core.models import StageRun
from core.outbox.events import Text, event_names, event_words
from core.outbox.models import HandlerFailure, HandlerReceipt, OutboxEvent
from core.outbox.services import retry_events
from core.stages import retry_stage


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin[OutboxEvent]):
    list_display = ["id", "in_words", "occurred_at", "next_attempt_at", "completed_at", "is_dead"]
    list_filter = [
        "is_dead",
        ("completed_at", admin.EmptyFieldListFilter),
        code_filter("name", _("event"), lambda: event_names().items()),
    ]
    fields = ["in_words", "code", "payload", "occurred_at", "next_attempt_at", "completed_at", "is_dead"]
    search_fields = ["=id", "=name"]
    actions = ["retry"]

    @admin.display(description=_("event"), ordering="name")
    def in_words(self, event: OutboxEvent) -> Text:
        return event_words(event.name)

    @admin.display(description=_("code"))
    def code(self, event: OutboxEvent) -> str:
        return event.name

    @admin.action(description=_("Deliver again"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[OutboxEvent]) -> None:
        count = retry_events(event_ids=list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(count)d event is delivered again.", "%(count)d events are delivered again.", count)
        self.message_user(request, text % {"count": count})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.retry_event")


@admin.register(HandlerFailure)
class HandlerFailureAdmin(ReadOnlyAdmin[HandlerFailure]):
    list_display = ["id", "event", "handler", "attempts", "failed_at", "retry_at", "last_error"]
    list_filter = [("retry_at", admin.EmptyFieldListFilter), "handler"]
    list_select_related = ["event"]
    search_fields = ["=event__id", "=handler"]
    actions = ["retry"]

    @admin.action(description=_("Deliver again"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[HandlerFailure]) -> None:
        count = retry_events(event_ids=list(queryset.values_list("event_id", flat=True).distinct()))
        text = ngettext("%(count)d event is delivered again.", "%(count)d events are delivered again.", count)
        self.message_user(request, text % {"count": count})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.retry_event")


@admin.register(HandlerReceipt)
class HandlerReceiptAdmin(ReadOnlyAdmin[HandlerReceipt]):
    list_display = ["id", "event_id", "handler", "handled_at"]
    list_filter = ["handler"]
    search_fields = ["=event__id"]


@admin.register(StageRun)
class StageRunAdmin(ReadOnlyAdmin[StageRun]):
    """How the stages are doing; they carry the outbox and everything else that is done in batches."""

    list_display = ["name", "last_success_at", "last_error_at", "failures", "retry_at", "processed"]
    list_filter = [("retry_at", admin.EmptyFieldListFilter)]
    search_fields = ["name"]
    actions = ["retry"]

    @admin.action(description=_("Try again now"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[StageRun]) -> None:
        for run in queryset:
            retry_stage(run.name)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.retry_event")

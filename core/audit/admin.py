"""The audit trail in the admin site, and the base of admin classes whose changes it records."""

from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.actor import Actor
from core.admin import ReadOnlyAdmin
from core.audit.models import AuditEntry
from core.audit.selectors import entries_for
from core.audit.services import AuditRow, record, record_many

M = TypeVar("M", bound=Model)


class AuditedAdmin(admin.ModelAdmin[M]):
    """Master data that managers change in the admin site: every change is in the audit trail, with old and new."""

    def save_model(self, request: HttpRequest, obj: M, form: forms.ModelForm[M], change: bool) -> None:
        super().save_model(request, obj, form, change)
        record(
            action=f"{obj._meta.app_label}.{obj._meta.model_name}_{'changed' if change else 'added'}",
            actor=_actor(request),
            changes=_changes(form),
            **_subject(obj),
        )

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        subject = _subject(obj)
        super().delete_model(request, obj)
        record(action=_deleted(obj), actor=_actor(request), **subject)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        rows = [AuditRow(action=_deleted(obj), actor=_actor(request), **_subject(obj)) for obj in queryset]
        super().delete_queryset(request, queryset)
        record_many(rows)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    list_display = ["at", "actor_label", "action", "subject_type", "subject_label", "reason"]
    list_filter = ["actor_kind", "at"]
    search_fields = ["=action", "=subject_type", "=subject_id", "=request_id"]
    search_help_text = "orders.hold_released · orders.order · 4711"
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return entries_for(request.user).order_by("-id")


def _actor(request: HttpRequest) -> Actor:
    return Actor.for_user(request.user)


def _subject(obj: Model) -> dict[str, Any]:
    return {"subject_type": obj._meta.label_lower, "subject_id": obj.pk, "subject_label": str(obj)}


def _changes(form: forms.ModelForm[Any]) -> dict[str, list[Any]]:
    """{field: [old, new]}; a form also calls changed what is only written differently (JSON), which is left out."""
    pairs = {name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))] for name in form.changed_data}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _deleted(obj: Model) -> str:
    return f"{obj._meta.app_label}.{obj._meta.model_name}_deleted"


def _plain(value: Any) -> Any:
    """A form's value as JSON can hold it."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, QuerySet | set | frozenset | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool | dict) or value is None:
        return value
    return str(value)

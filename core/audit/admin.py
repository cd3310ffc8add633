"""The audit trail in the admin site, and the base of admin classes whose changes it records."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.actor import Actor, actor_name, reason_words
from core.admin import ReadOnlyAdmin, code_filter
from core.audit.models import AuditEntry
from core.audit.selectors import actions_seen, entries_for
from core.audit.services import AuditRow, record, record_many
from core.audit.words import action_label, kind_words
from core.words import said_of

M = TypeVar("M", bound=Model)


class AuditedAdmin(admin.ModelAdmin[M]):
    """Master data that managers change in the admin site: every change is in the audit trail, with old and new."""

    def save_model(self, request: HttpRequest, obj: M, form: forms.ModelForm[M], change: bool) -> None:
        super().save_model(request, obj, form, change)
        record(
            action=_done_to(obj, "changed" if change else "added"),
            actor=_actor(request),
            changes=_changes(form),
            **_subject(obj),
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The rows that are edited on the page of what they belong to."""
        actor = _actor(request)
        gone = [each.instance for each in formset.deleted_forms if each.instance.pk]
        rows = [AuditRow(action=_done_to(obj, "deleted"), actor=actor, **_subject(obj)) for obj in gone]
        before = {each.instance.pk for each in formset.initial_forms}
        super().save_formset(request, form, formset, change)
        for each in formset.forms:
            if each.has_changed() and each not in formset.deleted_forms:
                action = _done_to(each.instance, "changed" if each.instance.pk in before else "added")
                rows.append(AuditRow(action=action, actor=actor, changes=_changes(each), **_subject(each.instance)))
        record_many(rows)

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        subject = _subject(obj)
        super().delete_model(request, obj)
        record(action=_done_to(obj, "deleted"), actor=_actor(request), **subject)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        rows = [AuditRow(action=_done_to(obj, "deleted"), actor=_actor(request), **_subject(obj)) for obj in queryset]
        super().delete_queryset(request, queryset)
        record_many(rows)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    list_display = ["at", "actor_in_words", "action_in_words", "kind_in_words", "subject_label", "reason_in_words"]
    list_filter = ["actor_kind", code_filter("action", _("action"), lambda: _named(actions_seen())), "at"]
    fields = [
        "at", "actor_in_words", "actor_kind", "action_in_words", "action_code", "kind_in_words",
        "subject_id", "subject_label", "changes", "reason_in_words", "request_id",
    ]  # fmt: skip
    search_fields = ["=action", "=subject_type", "=subject_id", "=request_id"]
    search_help_text = "orders.hold_released · 4711"
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return entries_for(request.user).order_by("-id")

    @admin.display(description=_("by"), ordering="actor_label")
    def actor_in_words(self, entry: AuditEntry) -> Any:
        return actor_name(entry.actor_label)

    @admin.display(description=_("action"), ordering="action")
    def action_in_words(self, entry: AuditEntry) -> Any:
        return action_label(entry.action)[0]

    @admin.display(description=_("code"))
    def action_code(self, entry: AuditEntry) -> str:
        return entry.action

    @admin.display(description=_("subject type"), ordering="subject_type")
    def kind_in_words(self, entry: AuditEntry) -> str:
        return kind_words(entry.subject_type)

    @admin.display(description=_("reason"))
    def reason_in_words(self, entry: AuditEntry) -> str:
        return reason_words(entry.reason) or self.get_empty_value_display()


def _named(actions: Iterable[str]) -> list[tuple[str, str]]:
    """Each action and its words, with its app's name where another app's action is called the same."""
    words = {action: str(action_label(action)[0]) for action in actions}
    counts = Counter(words.values())
    return [(action, text if counts[text] == 1 else said_of(_app_name(action), text)) for action, text in words.items()]


def _app_name(action: str) -> Any:
    app = action.partition(".")[0]
    names = {config.label: config.verbose_name for config in apps.get_app_configs()}
    return names.get(app, app)


def _actor(request: HttpRequest) -> Actor:
    return Actor.for_user(request.user)


def _subject(obj: Model) -> dict[str, Any]:
    return {"subject_type": obj._meta.label_lower, "subject_id": obj.pk, "subject_label": str(obj)}


def _changes(form: forms.ModelForm[Any]) -> dict[str, list[Any]]:
    """{field: [old, new]}; a form also calls changed what is only written differently (JSON), which is left out."""
    pairs = {name: [_plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))] for name in form.changed_data}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _done_to(obj: Model, done: str) -> str:
    return f"{obj._meta.app_label}.{obj._meta.model_name}_{done}"


def _plain(value: Any) -> Any:
    """A form's value as JSON can hold it."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, QuerySet | set | frozenset | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | float | bool | dict) or value is None:
        return value
    return str(value)

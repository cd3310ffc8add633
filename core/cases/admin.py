from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.accounts.selectors import is_limited
from core.admin import ReadOnlyAdmin, code_filter
from core.audit.admin import AuditedAdmin
from core.cases.models import Case, CaseEvent, CasePolicy
from core.cases.registry import case_types
from core.cases.selectors import cases_for
from core.cases.words import summary_of, type_label


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin[Case]):
    """Cases change through the console only, where every step is checked and kept."""

    list_display = [
        "id",
        "type_in_words",
        "subject_label",
        "status",
        "severity",
        "assigned_to",
        "resolve_by",
        "is_escalated",
    ]
    list_filter = [
        "status", "severity", "is_escalated",
        code_filter("type", _("type"), lambda: ((kind.code, kind.label) for kind in case_types())),
    ]  # fmt: skip
    list_select_related = ["assigned_to"]
    search_fields = ["=id", "subject_label__iexact"]
    readonly_fields = ["in_words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return cases_for(request.user).order_by("-id")

    @admin.display(description=_("type"), ordering="type")
    def type_in_words(self, case: Case) -> str:
        return type_label(case.type)

    @admin.display(description=_("What is wrong"))
    def in_words(self, case: Case) -> str:
        return summary_of(case)


@admin.register(CaseEvent)
class CaseEventAdmin(ReadOnlyAdmin[CaseEvent]):
    list_display = ["id", "case_id", "kind", "at", "actor_label", "from_status", "to_status", "note"]
    list_filter = ["kind"]
    search_fields = ["=case__id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseEvent]:
        rows = super().get_queryset(request)
        return rows.filter(case__in=cases_for(request.user)) if is_limited(request.user) else rows


class CasePolicyForm(forms.ModelForm[CasePolicy]):
    type = forms.ChoiceField(label=_("Type"))

    class Meta:
        model = CasePolicy
        fields = [
            "type",
            "is_detected",
            "role",
            "owner",
            "severity",
            "respond_minutes",
            "resolve_minutes",
            "calendar",
            "escalate_to",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "type" in self.fields:  # read-only later
            self.fields["type"].choices = [(kind.code, kind.label) for kind in case_types()]  # type: ignore[attr-defined]


@admin.register(CasePolicy)
class CasePolicyAdmin(AuditedAdmin[CasePolicy]):
    form = CasePolicyForm
    list_display = ["name", "role", "owner", "respond_minutes", "resolve_minutes", "calendar", "is_detected"]
    list_select_related = ["owner", "calendar"]
    list_filter = ["is_detected", "role"]
    search_fields = ["type"]
    autocomplete_fields = ["calendar"]

    @admin.display(description=_("Type"), ordering="type")
    def name(self, policy: CasePolicy) -> str:
        return type_label(policy.type)

    def get_readonly_fields(self, request: HttpRequest, obj: CasePolicy | None = None) -> list[str]:
        return ["type"] if obj else []

"""The activity log: the audit trail as a list with a page per entry."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.accounts.models import User
from core.actor import actor_name, reason_words
from core.audit.models import ActorKind, AuditEntry
from core.audit.permissions import VIEW_ACTIVITY
from core.audit.selectors import actions_seen, entries_for, subject_types_seen
from core.audit.words import action_label, kind_words
from core.ui.changes import change_words
from core.ui.columns import Column
from core.ui.content import EmptyState, Header, PanelContent, Text
from core.ui.filters import ConsoleFilterSet
from core.ui.panels import register_panel
from core.ui.views import DetailPage, ListPage
from core.words import run_on


def action_words(entry: AuditEntry) -> Text:
    """The action in the words that the apps have registered."""
    return action_label(entry.action)[0]


def subject_words(entry: AuditEntry) -> str:
    """The subject's name, or its kind and id where it has none."""
    return entry.subject_label or run_on(kind_words(entry.subject_type), entry.subject_id or "")


def _action_choices() -> list[tuple[str, Text]]:
    return [(action, action_label(action)[0]) for action in actions_seen()]


def _subject_choices() -> list[tuple[str, str]]:
    return [(subject, kind_words(subject)) for subject in subject_types_seen()]


def _people() -> list[tuple[int, str]]:
    return [(user.pk, user.label) for user in User.objects.order_by("username")]


class ActivityFilters(ConsoleFilterSet):
    actor_id = django_filters.ChoiceFilter(label=_("Person"), choices=_people)
    actor_kind = django_filters.ChoiceFilter(label=_("By"), choices=ActorKind.choices)
    action = django_filters.ChoiceFilter(label=_("Action"), choices=_action_choices)
    subject_type = django_filters.ChoiceFilter(label=_("Subject"), choices=_subject_choices)
    subject_id = django_filters.NumberFilter(label=_("Subject's number"))
    at = django_filters.DateFromToRangeFilter(label=_("Date"))
    request_id = django_filters.CharFilter(label=_("Request"))

    class Meta:
        model = AuditEntry
        fields: list[str] = []


class ActivityList(ListPage[AuditEntry]):
    key = "audit.entry"
    title = _("Activity log")
    model = AuditEntry
    permission = VIEW_ACTIVITY
    url_name = "console:activity"
    icon = "history"
    filterset_class = ActivityFilters
    columns = [
        Column("at", _("When"), cell="when", link=True),
        Column("actor_label", _("Who"), accessor=lambda row: actor_name(row.actor_label)),
        Column("action", _("What"), accessor=action_words, export=lambda entry: entry.action),
        Column("subject_label", _("Subject"), accessor=subject_words),
        Column("reason", _("Reason"), accessor=lambda row: reason_words(row.reason), width="l"),
        Column("request_id", _("Request"), cell="mono", default=False),
    ]

    def get_queryset(self, user: Any) -> QuerySet[AuditEntry]:
        return entries_for(user)

    def row_url(self, row: AuditEntry) -> str:
        return reverse("console:activity_entry", args=[row.pk])

    def empty_state(self, user: Any) -> EmptyState:
        return EmptyState(
            title=_("Nothing has been done yet"),
            body=_("Every change by people and programs appears here."),
            icon=self.icon,
        )


class ActivityEntry(DetailPage[AuditEntry]):
    key = "audit.entry"
    list_key = "audit.entry"
    permission = VIEW_ACTIVITY

    def header(self, obj: AuditEntry) -> Header:
        return Header(title=action_words(obj), line=f"{actor_name(obj.actor_label)} · {subject_words(obj)}")


def _facts(request: HttpRequest, entry: AuditEntry) -> PanelContent:
    return PanelContent("console/_activity_facts.html", {"entry": entry, "subject": subject_words(entry)})


def _changes(request: HttpRequest, entry: AuditEntry) -> PanelContent:
    return PanelContent("console/_activity_changes.html", {"changes": change_words(entry.subject_type, entry.changes)})


register_panel("audit.entry", code="changes", title=_("Changes"), render=_changes, order=10)
register_panel("audit.entry", code="facts", title=_("Entry"), render=_facts, order=10, column="side")

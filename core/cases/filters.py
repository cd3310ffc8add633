from functools import partial
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.accounts.selectors import choices_within
from core.cases.enums import CaseStatus, Severity
from core.cases.models import Case
from core.cases.registry import case_types
from core.cases.selectors import OPEN, overdue
from core.ui.filters import ConsoleFilterSet

_STATES = [
    ("open", _("open")),
    ("overdue", _("overdue")),
    ("escalated", _("escalated")),
    ("waiting", _("waiting")),
    ("done", _("done")),
]
_OWNERS = [
    ("me", _("me")),
    ("nobody", _("nobody")),
    ("somebody", _("somebody")),
    ("no_team", _("neither a person nor a team")),
]


def _types() -> list[tuple[str, Any]]:
    return [(kind.code, kind.label) for kind in case_types()]


class CaseFilter(ConsoleFilterSet):
    """Needs `user` for "assigned to me"."""

    q = django_filters.CharFilter(method="search")
    state = django_filters.ChoiceFilter(label=_("State"), choices=_STATES, method="in_state")
    owner = django_filters.ChoiceFilter(label=_("Assigned to"), choices=_OWNERS, method="owned_by")
    type = django_filters.MultipleChoiceFilter(label=_("Type"), choices=_types)
    severity = django_filters.MultipleChoiceFilter(label=_("Severity"), choices=Severity.choices)
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=CaseStatus.choices)
    role = django_filters.MultipleChoiceFilter(label=_("Team"), choices=Role.choices)
    channel = django_filters.MultipleChoiceFilter(label=_("Channel"), field_name="scope_channel_id")
    warehouse = django_filters.MultipleChoiceFilter(label=_("Warehouse"), field_name="scope_warehouse_id")

    class Meta:
        model = Case
        fields = ()

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for kind in ("channel", "warehouse"):
            self.filters[kind].extra["choices"] = partial(choices_within, user, kind)

    def search(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return queryset.filter(subject_label__iexact=value.strip())

    def in_state(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        match value:
            case "overdue":
                return overdue(queryset)
            case "escalated":
                return queryset.filter(status__in=OPEN, is_escalated=True)
            case "waiting":
                return queryset.filter(status=CaseStatus.WAITING)
            case "done":
                return queryset.exclude(status__in=OPEN)
        return queryset.filter(status__in=OPEN)

    def owned_by(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        if value == "me":
            return queryset.filter(assigned_to_id=self.user.pk)
        if value == "no_team":
            return queryset.filter(assigned_to=None, role="")
        return queryset.filter(assigned_to__isnull=value == "nobody")

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.ui.filters import ConsoleFilterSet


class JobFilter(ConsoleFilterSet):
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=JobStatus.choices)
    has_failures = django_filters.BooleanFilter(label=_("With failures"), method="with_failures")

    class Meta:
        model = Job
        fields = ()

    def with_failures(self, queryset: QuerySet[Job], name: str, value: bool) -> QuerySet[Job]:
        return queryset.filter(failed__gt=0) if value else queryset.filter(failed=0)

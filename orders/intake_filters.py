"""Filters of the list of intake messages; each condition is one that an index answers."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.ui.filters import ConsoleFilterSet
from orders.enums import IntakeOutcome
from orders.models import Channel, IntakeMessage


class MessageFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(method="search", label=_("Channel order number"))
    outcome = django_filters.MultipleChoiceFilter(choices=IntakeOutcome.choices, label=_("Outcome"))
    channel = django_filters.ModelMultipleChoiceFilter(queryset=Channel.objects.all(), label=_("Channel"))

    class Meta:
        model = IntakeMessage
        fields: list[str] = []

    def search(self, queryset: QuerySet[IntakeMessage], name: str, value: Any) -> QuerySet[IntakeMessage]:
        # The unique index begins with the channel, and channels are few.
        return queryset.filter(channel__in=Channel.objects.all(), external_id=str(value).strip())

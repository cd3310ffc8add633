import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.notifications.enums import Level, MessageStatus
from core.notifications.models import Notification, OutgoingMessage
from core.ui.filters import ConsoleFilterSet


class NotificationFilter(ConsoleFilterSet):
    unread = django_filters.BooleanFilter(label=_("Unread"), method="is_unread")
    level = django_filters.MultipleChoiceFilter(label=_("Level"), choices=Level.choices)

    class Meta:
        model = Notification
        fields = ()

    def is_unread(self, queryset: QuerySet[Notification], name: str, value: bool) -> QuerySet[Notification]:
        return queryset.filter(read_at__isnull=value)


class MessageFilter(ConsoleFilterSet):
    q = django_filters.CharFilter(field_name="to", lookup_expr="exact")
    status = django_filters.MultipleChoiceFilter(label=_("Status"), choices=MessageStatus.choices)

    class Meta:
        model = OutgoingMessage
        fields = ()

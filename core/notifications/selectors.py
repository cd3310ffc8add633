from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import get_language

from core.accounts.models import User
from core.accounts.selectors import is_limited
from core.notifications.enums import Audience, Channel
from core.notifications.models import MessageTemplate, Notification, NotificationPreference, OutgoingMessage
from core.notifications.permissions import VIEW_LOG
from core.notifications.registry import Template, templates
from core.notifications.rules import Text

UNREAD_CAP = 100


def notifications_of(user: User) -> QuerySet[Notification]:
    """A person's notifications, with the managers' own words for them in the active language."""
    own_words = MessageTemplate.objects.filter(
        code=OuterRef("code"), language=get_language() or settings.LANGUAGE_CODE, channel=Channel.IN_APP
    )
    return Notification.objects.filter(user=user).annotate(override=Subquery(own_words.values("subject")[:1]))


def unread_count(user: User) -> int:
    """Unread notifications, counted up to UNREAD_CAP."""
    return Notification.objects.filter(user=user, read_at=None).values("pk")[:UNREAD_CAP].count()


def texts_for_email(template: Template, languages: set[str]) -> dict[str, Text]:
    """The text of a message in each language: the manager's own or the default."""
    own = MessageTemplate.objects.filter(code=template.code, language__in=languages, channel=Channel.EMAIL)
    texts = {language: template.text(language) for language in languages}
    return texts | {override.language: override.text for override in own}


def preferences_of(user: User) -> list[tuple[Template, bool, bool]]:
    """(message, in the console, by e-mail) for every message that staff can get."""
    chosen = {p.code: p for p in NotificationPreference.objects.filter(user=user)}
    return [
        (
            template,
            chosen[template.code].in_app if template.code in chosen else True,
            chosen[template.code].email if template.code in chosen else template.email_by_default,
        )
        for template in templates()
        if template.audience == Audience.STAFF
    ]


def messages_for(user: Any) -> QuerySet[OutgoingMessage]:
    """The send log, for those who may read it; who is limited to some channels or warehouses: what they got."""
    if not user.has_perm(VIEW_LOG):
        return OutgoingMessage.objects.none()
    return OutgoingMessage.objects.filter(user=user) if is_limited(user) else OutgoingMessage.objects.all()

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core.accounts.models import User
from core.accounts.selectors import users_with_role
from core.actor import Actor
from core.audit.services import record
from core.db import insert_rows
from core.exceptions import Conflict, NotFound
from core.notifications.enums import Audience, Level, MessageStatus
from core.notifications.models import Notification, NotificationPreference, OutgoingMessage
from core.notifications.registry import LINK, Template
from core.notifications.registry import template as template_of
from core.notifications.rules import Text, one_line, substitute
from core.notifications.selectors import texts_for_email
from core.stages import nudge

SEND = "notifications.send"

# Within this time, more of the same is added to a notification that hasn't been read yet, without another e-mail.
GROUP_WITHIN = timedelta(minutes=10)

_NOTIFICATION_COLUMNS = ["user_id", "code", "level", "params", "url", "group_key", "count", "created_at"]
_MESSAGE_COLUMNS = [
    "template",
    "audience",
    "user_id",
    "to",
    "language",
    "subject",
    "body",
    "dedupe_key",
    "status",
    "attempts",
    "next_attempt_at",
    "last_error",
    "created_at",
]


@transaction.atomic
def notify(
    *,
    code: str,
    user_ids: Iterable[int] | None = None,
    role: str | None = None,
    params: Mapping[str, Any] | None = None,
    url: str = "",
    level: str = Level.INFO,
    count: int = 1,
    group_key: str = "",
    group_url: str = "",
) -> int:
    """Tell people behind the bell and, as each prefers, by e-mail; returns how many were told anew.

    `params` are JSON values; `url` is a path of the console; `count` is how many things it is about, which
    the text may use. With a `group_key`, an unread notification of the last minutes takes up the new ones
    (and leads to `group_url`), so that a flood of them is one line and one e-mail. Costs the same number of
    statements for any number of people. Raises KeyError for an unknown message.

    With a `group_key`, whoever else tells of any group waits until the caller's transaction ends: tell last, in a
    short transaction, and lock nothing afterwards that somebody who tells may hold. People who read aren't waited for.
    """
    template = template_of(code)
    now = timezone.now()
    people = list(_people(user_ids, role))
    told = _add_to_unread(people, code, group_key, group_url or url, count, now) if group_key else set()
    users = [user for user in people if user.pk not in told]
    if not users:
        return 0
    chosen = {p.user_id: p for p in NotificationPreference.objects.filter(user__in=users, code=code)}
    in_app = [user for user in users if user.pk not in chosen or chosen[user.pk].in_app]
    values = dict(params or {})
    insert_rows(
        Notification,
        _NOTIFICATION_COLUMNS,
        [(user.pk, code, level, values, url[:500], group_key, count, now) for user in in_app],
    )
    values["count"] = count
    by_email = [user for user in users if user.email and _wants_email(template, chosen.get(user.pk))]
    _queue_staff_emails(template, by_email, values, url, now)
    return len(users)


def send_email(
    *,
    template: str,
    to: str,
    language: str,
    params: Mapping[str, Any],
    dedupe_key: str = "",
) -> int | None:
    """Queue one e-mail to a customer; returns its id, or None if this key has been used before.

    Raises KeyError for an unknown message, ValidationError for an address that can't be one.
    """
    validate_email(to)
    found = template_of(template)
    text = texts_for_email(found, {language})[language]
    with translation.override(language):
        row = _message_row(found, text, None, to, language, params, dedupe_key, timezone.now())
    written = insert_rows(
        OutgoingMessage,
        _MESSAGE_COLUMNS,
        [row],
        on_conflict="ON CONFLICT (dedupe_key) DO NOTHING",
        returning=["id"],
    )
    nudge(SEND)
    return written[0][0] if written else None


@transaction.atomic
def mark_read(*, user_id: int, ids: Sequence[int] | None = None) -> int:
    """Mark a person's notifications as read: those with these ids, or all. Waits for those that are counted up."""
    unread = Notification.objects.filter(user_id=user_id, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=ids)
    # In one order, so that two windows of a person don't wait for each other.
    locked = list(unread.order_by("pk").select_for_update().values_list("pk", flat=True))
    return Notification.objects.filter(pk__in=locked).update(read_at=timezone.now())


@transaction.atomic
def choose_preferences(*, user_id: int, choices: Mapping[str, tuple[bool, bool]]) -> None:
    """Keep how a person wants to hear of each message: {code: (in the console, by e-mail)}."""
    insert_rows(
        NotificationPreference,
        ["user_id", "code", "in_app", "email"],
        [(user_id, code, in_app, email) for code, (in_app, email) in choices.items()],
        on_conflict="ON CONFLICT (user_id, code) DO UPDATE SET in_app = excluded.in_app, email = excluded.email",
    )


@transaction.atomic
def resend(*, message_id: int, actor: Actor) -> None:
    """Send a message again that failed, or of which nobody knows whether it was sent. Raises Conflict."""
    message = OutgoingMessage.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise NotFound
    if message.status not in {MessageStatus.FAILED, MessageStatus.UNKNOWN}:
        raise Conflict
    before = message.status
    message.status, message.attempts = MessageStatus.QUEUED, 0
    message.next_attempt_at = timezone.now()
    message.save(update_fields=["status", "attempts", "next_attempt_at"])
    record(
        action="notifications.resent",
        actor=actor,
        subject_type="notifications.outgoingmessage",
        subject_id=message.pk,
        subject_label=message.subject[:200],
        changes={"status": [before, message.status]},
    )
    nudge(SEND)


def _people(user_ids: Iterable[int] | None, role: str | None) -> Iterable[User]:
    if user_ids is not None:
        return User.objects.filter(pk__in=list(user_ids), is_active=True)
    if role is None:
        raise TypeError("notify() needs user_ids or a role")
    return users_with_role(role)


def _add_to_unread(people: Sequence[User], code: str, group_key: str, url: str, count: int, now: datetime) -> set[int]:
    """Count up each person's recent unread notification of the group; returns who had one.

    Until the transaction ends nobody else tells of a group: two who found none of it would both begin one.
    """
    values: dict[str, Any] = {
        "people": [user.pk for user in people],
        "code": code,
        "group_key": group_key,
        "since": now - GROUP_WITHIN,
        "count": count,
        "url": url[:500],
    }
    with connection.cursor() as cursor:
        # One lock for all groups: whoever tells of several in one transaction can't wait in a circle.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('notifications.groups'))")
        cursor.execute(_COUNT_UP, values)
        return {user_id for (user_id,) in cursor.fetchall()}


# What a person reads at this moment is passed over: nobody sees what is added to it, and one who tells of several
# groups would wait for somebody who reads them in another order.
_COUNT_UP = """
WITH newest AS (
    SELECT DISTINCT ON (user_id) id FROM notifications_notification
    WHERE user_id = ANY(%(people)s) AND code = %(code)s AND group_key = %(group_key)s
      AND read_at IS NULL AND created_at > %(since)s
    ORDER BY user_id, id DESC),
locked AS (
    SELECT id FROM notifications_notification
    WHERE id IN (SELECT id FROM newest) AND read_at IS NULL
    FOR UPDATE SKIP LOCKED)
UPDATE notifications_notification AS n SET count = n.count + %(count)s, url = %(url)s
FROM locked WHERE n.id = locked.id
RETURNING n.user_id
"""


def _wants_email(template: Template, preference: NotificationPreference | None) -> bool:
    return template.email_by_default if preference is None else preference.email


def _queue_staff_emails(
    template: Template, users: Sequence[User], params: Mapping[str, Any], url: str, now: datetime
) -> None:
    if not users:
        return
    languages = {user.language or settings.LANGUAGE_CODE for user in users}
    texts = texts_for_email(template, languages)
    rows = []
    for user in users:
        language = user.language or settings.LANGUAGE_CODE
        values = {**params, LINK: f"{settings.PUBLIC_BASE_URL}{url}" if url else settings.PUBLIC_BASE_URL}
        with translation.override(language), timezone.override(user.zone):
            rows.append(_message_row(template, texts[language], user.pk, user.email, language, values, "", now))
    insert_rows(OutgoingMessage, _MESSAGE_COLUMNS, rows)
    nudge(SEND)


def _message_row(
    template: Template,
    text: Text,
    user_id: int | None,
    to: str,
    language: str,
    params: Mapping[str, Any],
    dedupe_key: str,
    now: datetime,
) -> tuple[Any, ...]:
    """Values in the order of _MESSAGE_COLUMNS."""
    values = {**params, **template.values(params)}
    status, error = MessageStatus.QUEUED, ""
    try:
        validate_email(to)
    except ValidationError:
        status, error = MessageStatus.FAILED, gettext_noop("The address can't be one.")
    return (
        template.code,
        Audience.CUSTOMER if user_id is None else Audience.STAFF,
        user_id,
        to,
        language,
        one_line(substitute(text.subject, values))[:500],
        substitute(text.body, values),
        dedupe_key or None,
        status,
        0,
        now,
        error,
        now,
    )

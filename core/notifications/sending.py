"""The stages: send what is queued, find out what a crash left open, forget what is old.

A message is committed as `sending` before the mail server hears of it. If the process dies in between, nobody
knows whether it was sent: a customer doesn't get such a mail a second time by itself (it is shown as `unknown`),
staff do, MAX_ATTEMPTS times at most. Whatever else goes wrong, no message stays `sending`: until the mail is put
together and the server reached, nothing was handed over, and it is tried again.
"""

import logging
import smtplib
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core.db import claim
from core.notifications.enums import Audience, MessageStatus
from core.notifications.models import Notification, OutgoingMessage
from core.notifications.rules import retry_at
from core.stages import StageDue, capped_due, tidying_due

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
OPEN_QUESTION_AFTER = timedelta(minutes=10)
KEEP_NOTIFICATIONS = timedelta(days=90)
KEEP_MESSAGES = timedelta(days=365)
CAP = 1000


class NotReached(Exception):
    """The mail server wasn't reached: nothing was handed over."""


def send_due(batch_size: int) -> int:
    """Send queued messages one by one over one connection; returns how many were dealt with."""
    connection = get_connection()
    count = 0
    try:
        while count < batch_size and (message := _take()) is not None:
            count += 1
            try:
                _send(connection, message)
            except NotReached as error:  # the others wait for the next run too
                logger.warning("Mail server not reached: %s", error)
                return 0
    finally:
        connection.close()
    return count


def due() -> StageDue:
    return capped_due(list(_queued().values_list("next_attempt_at", flat=True)[:CAP]), CAP)


def settle_unfinished(batch_size: int) -> int:
    """Decide about messages whose process died while sending."""
    old = timezone.now() - OPEN_QUESTION_AFTER
    stuck = OutgoingMessage.objects.filter(status=MessageStatus.SENDING, sending_at__lt=old).order_by("sending_at")
    with transaction.atomic():
        messages = claim(stuck, batch_size)
        ids = [message.pk for message in messages]
        rows = OutgoingMessage.objects.filter(pk__in=ids)
        staff = rows.filter(audience=Audience.STAFF)
        stopped = gettext_noop("The process stopped while sending.")
        rows.filter(audience=Audience.CUSTOMER).update(status=MessageStatus.UNKNOWN, last_error=stopped)
        # A mail that kills its process each time isn't tried for ever.
        staff.filter(attempts__gte=MAX_ATTEMPTS).update(status=MessageStatus.FAILED, last_error=stopped)
        staff.filter(attempts__lt=MAX_ATTEMPTS).update(
            status=MessageStatus.QUEUED,
            next_attempt_at=timezone.now(),
            last_error=gettext_noop("The process stopped."),
        )
    return len(messages)


def due_for_settling() -> StageDue:
    stuck = OutgoingMessage.objects.filter(
        status=MessageStatus.SENDING, sending_at__lt=timezone.now() - OPEN_QUESTION_AFTER
    )
    return capped_due(list(stuck.order_by("sending_at").values_list("sending_at", flat=True)[:CAP]), CAP)


def purge(batch_size: int) -> int:
    """Delete old notifications and old entries of the send log."""
    now = timezone.now()
    deleted = 0
    finished = Q(status__in=sorted(MessageStatus.TERMINAL), created_at__lt=now - KEEP_MESSAGES)
    for rows in (
        Notification.objects.filter(created_at__lt=now - KEEP_NOTIFICATIONS),
        OutgoingMessage.objects.filter(finished),
    ):
        ids = list(rows.order_by("created_at").values_list("pk", flat=True)[:batch_size])
        deleted += rows.model._default_manager.filter(pk__in=ids).delete()[0] if ids else 0
    return deleted


def due_for_purge() -> StageDue:
    old = Notification.objects.filter(created_at__lt=timezone.now() - KEEP_NOTIFICATIONS).order_by("created_at")
    return tidying_due(old)


def _queued() -> QuerySet[OutgoingMessage]:
    waiting = OutgoingMessage.objects.filter(status=MessageStatus.QUEUED, next_attempt_at__lte=timezone.now())
    return waiting.order_by("next_attempt_at", "pk")


def _take() -> OutgoingMessage | None:
    """Claim the next message and commit it as `sending`."""
    with transaction.atomic():
        found = claim(_queued(), 1)
        for message in found:
            message.status = MessageStatus.SENDING
            message.sending_at = timezone.now()
            message.attempts += 1
            message.save(update_fields=["status", "sending_at", "attempts"])
    return found[0] if found else None


def _send(connection: BaseEmailBackend, message: OutgoingMessage) -> None:
    try:
        mail = _mail(message)
    except Exception as error:
        logger.exception("Message %s can't be put together", message.pk)
        _retry(message, error)
        return
    try:
        connection.open()
    except Exception as error:
        _retry(message, error)
        raise NotReached(str(error)) from error
    try:
        connection.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        refusals = error.recipients.values()
        _refused(message, error, permanent=all(code >= 500 for code, _text in refusals))
    except smtplib.SMTPResponseException as error:
        _refused(message, error, permanent=error.smtp_code >= 500)
    except Exception as error:  # noqa: BLE001 - whatever it was, the mail may have left
        _doubtful(message, error)
        connection.close()
    else:
        _settle(message, status=MessageStatus.SENT, sent_at=timezone.now(), last_error="")


def _mail(message: OutgoingMessage) -> EmailMultiAlternatives:
    """The mail, proven to be one: Django's backends put headers and addresses together only on the way out."""
    mail = EmailMultiAlternatives(subject=message.subject, body=message.body, to=[message.to])
    with translation.override(message.language):
        html = render_to_string("notifications/email.html", {"message": message})
    mail.attach_alternative(html, "text/html")
    mail.message().as_bytes()
    return mail


def _refused(message: OutgoingMessage, error: Exception, *, permanent: bool) -> None:
    """The server answered no: it was not sent."""
    if permanent:
        _fail(message, MessageStatus.FAILED, error)
    else:
        _retry(message, error)


def _doubtful(message: OutgoingMessage, error: Exception) -> None:
    """The connection broke while the message was handed over: it may have been sent."""
    if message.audience == Audience.CUSTOMER:
        _fail(message, MessageStatus.UNKNOWN, error)
    else:
        _retry(message, error)


def _retry(message: OutgoingMessage, error: Exception) -> None:
    if message.attempts >= MAX_ATTEMPTS:
        _fail(message, MessageStatus.FAILED, error)
        return
    next_attempt_at = retry_at(timezone.now(), message.attempts)
    _settle(message, status=MessageStatus.QUEUED, next_attempt_at=next_attempt_at, last_error=_words(error))


def _fail(message: OutgoingMessage, status: MessageStatus, error: Exception) -> None:
    logger.warning("Message %s: %s", message.pk, error)
    _settle(message, status=status, last_error=_words(error))


def _settle(message: OutgoingMessage, **values: Any) -> None:
    """Note what became of this attempt.

    A server that answers after OPEN_QUESTION_AFTER finds the question decided, and the message perhaps under way
    again: then only a certain yes still counts.
    """
    mine = OutgoingMessage.objects.filter(pk=message.pk, sending_at=message.sending_at)
    if values["status"] != MessageStatus.SENT:
        mine = mine.filter(status=MessageStatus.SENDING)
    mine.update(**values)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]

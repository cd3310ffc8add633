from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.notifications.enums import Audience, Channel, Level, MessageStatus
from core.notifications.registry import find_template, problems_of
from core.notifications.rules import Text, substitute


class Notification(models.Model):
    """Something a person should know, behind the bell. Put into words when it is shown."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="notifications", verbose_name=_("person")
    )
    code = models.CharField(_("message"), max_length=80)
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.INFO)
    params = models.JSONField(_("values"), default=dict, encoder=DjangoJSONEncoder)
    url = models.CharField(_("address"), max_length=500, blank=True)
    group_key = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(_("number"), default=1)
    created_at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read"), null=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="notifications_user"),
            models.Index(fields=["user"], name="notifications_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["created_at"], name="notifications_age"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The notification in words, in the active language; selectors annotate `override`."""
        template = find_template(self.code)
        if template is None:
            return self.code
        text = getattr(self, "override", None) or template.text(get_language() or settings.LANGUAGE_CODE).subject
        return substitute(text, template.values({**self.params, "count": self.count}))

    @property
    def level_enum(self) -> Level:
        return Level(self.level)


class NotificationPreference(models.Model):
    """How a person wants to hear of a kind of message; without a row, the message's default."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,
        related_name="notification_preferences",
        verbose_name=_("person"),
    )
    code = models.CharField(_("message"), max_length=80)
    in_app = models.BooleanField(_("in the console"), default=True)
    email = models.BooleanField(_("by e-mail"), default=True)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [models.UniqueConstraint(fields=["user", "code"], name="notifications_preference_once")]

    def __str__(self) -> str:
        return self.code


class MessageTemplate(models.Model):
    """A manager's own words for a message, in one language and one channel."""

    code = models.CharField(_("message"), max_length=80)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.EMAIL)
    subject = models.CharField(_("subject"), max_length=255)
    body = models.TextField(_("text"), blank=True, help_text=_("Not shown in the console."))

    class Meta:
        verbose_name = _("message text")
        verbose_name_plural = _("message texts")
        ordering = ["code", "language"]
        constraints = [
            models.UniqueConstraint(fields=["code", "language", "channel"], name="notifications_template_once")
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.language})"

    @property
    def text(self) -> Text:
        return Text(self.subject, self.body)

    def clean(self) -> None:
        template = find_template(self.code)
        if template is None:
            raise ValidationError({"code": _("There is no such message.")})
        problems = problems_of(self.text, set(template.placeholders))
        if problems:
            raise ValidationError(
                _("%(problems)s can't be filled in. Known: %(known)s"),
                params={
                    "problems": ", ".join(problems),
                    "known": ", ".join(f"{{{{ {name} }}}}" for name in [*template.placeholders, "link"]),
                },
            )


class OutgoingMessage(models.Model):
    """The send log: every message that leaves, as it was worded, and what became of it."""

    template = models.CharField(_("message"), max_length=80)
    audience = models.CharField(_("for"), max_length=8, choices=Audience)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    to = models.CharField(_("to"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=500)
    body = models.TextField(_("text"))
    dedupe_key = models.CharField(
        max_length=200, null=True, help_text=_("A second message with the same key is never made.")
    )
    status = models.CharField(_("status"), max_length=8, choices=MessageStatus, default=MessageStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_attempt_at = models.DateTimeField(_("next try"), null=True)
    last_error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"))
    sending_at = models.DateTimeField(_("handed over"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("send log")
        permissions = [("resend_message", _("send a message again"))]
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["dedupe_key"], name="notifications_message_once")]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="notifications_due", condition=Q(status="queued")),
            models.Index(fields=["sending_at"], name="notifications_sending", condition=Q(status="sending")),
            models.Index(fields=["to"], name="notifications_to"),
            models.Index(fields=["created_at"], name="notifications_message_age"),
        ]

    def __str__(self) -> str:
        return self.subject

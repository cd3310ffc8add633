from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.outbox.events import event_words


class OutboxEvent(models.Model):
    """An event, written in the transaction of the change that it tells of."""

    name = models.CharField(_("event"), max_length=80)
    payload = models.JSONField(_("payload"), encoder=DjangoJSONEncoder)
    occurred_at = models.DateTimeField(_("occurred"))
    next_attempt_at = models.DateTimeField(
        _("next delivery"), null=True, help_text=_("Empty when nothing is left to try.")
    )
    completed_at = models.DateTimeField(_("completed"), null=True)
    is_dead = models.BooleanField(_("given up"), default=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [("retry_event", _("have events delivered again"))]
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="outbox_due", condition=Q(next_attempt_at__isnull=False)),
            models.Index(fields=["completed_at"], name="outbox_done", condition=Q(completed_at__isnull=False)),
            models.Index(fields=["name", "-id"], name="outbox_name"),
            models.Index(fields=["id"], name="outbox_dead", condition=Q(is_dead=True)),
        ]

    def __str__(self) -> str:
        return f"{event_words(self.name)} #{self.pk}"


class HandlerReceipt(models.Model):
    """Proof that a handler has done its work for an event; written in the handler's own transaction."""

    event = models.ForeignKey(
        OutboxEvent, models.CASCADE, db_index=False, related_name="receipts", verbose_name=_("event")
    )
    handler = models.CharField(_("handler"), max_length=200)
    handled_at = models.DateTimeField(_("handled"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="outbox_receipt_once")]

    def __str__(self) -> str:
        return f"{self.handler} #{self.event_id}"


class HandlerFailure(models.Model):
    """A handler's failed tries for an event; deleted when it succeeds."""

    event = models.ForeignKey(
        OutboxEvent, models.CASCADE, db_index=False, related_name="failures", verbose_name=_("event")
    )
    handler = models.CharField(_("handler"), max_length=200)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    last_error = models.TextField(_("error"))
    failed_at = models.DateTimeField(_("failed"))
    retry_at = models.DateTimeField(_("next try"), null=True, help_text=_("Empty when given up."))

    class Meta:
        verbose_name = _("failed delivery")
        verbose_name_plural = _("failed deliveries")
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="outbox_failure_once")]

    def __str__(self) -> str:
        return f"{self.handler} #{self.event_id}"

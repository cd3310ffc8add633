"""The audit trail: who did what to what, when and why. Rows are only ever added."""

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit.words import action_label
from core.words import said_of


class ActorKind(models.TextChoices):
    USER = "user", _("Person")
    API = "api", _("API key")
    SYSTEM = "system", _("System")
    CUSTOMER = "customer", _("Customer")


class AuditEntry(models.Model):
    """One thing that was done. Subject and actor are kept by id and label, so that they outlive both."""

    at = models.DateTimeField(_("at"), default=timezone.now)
    actor_id = models.BigIntegerField(_("person"), null=True, blank=True)
    actor_label = models.CharField(_("by"), max_length=200)
    actor_kind = models.CharField(_("kind"), max_length=8, choices=ActorKind.choices)
    action = models.CharField(_("action"), max_length=80)
    subject_type = models.CharField(_("subject type"), max_length=80)
    subject_id = models.BigIntegerField(_("subject"), null=True, blank=True)
    subject_label = models.CharField(_("subject name"), max_length=200, blank=True)
    changes = models.JSONField(_("changes"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["actor_id", "-id"], condition=models.Q(actor_id__isnull=False), name="audit_actor"),
            models.Index(fields=["action", "-id"], name="audit_action"),
            BrinIndex(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        words = action_label(self.action)[0]
        subject = self.subject_label or self.subject_id
        return said_of(words, subject) if subject else str(words)

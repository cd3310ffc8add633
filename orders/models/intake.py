"""The messages that orders came in."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.enums import (
    IntakeOutcome,
    IntakeSource,
)
from orders.models.channels import Channel
from orders.models.orders import Order


class IntakeMessage(models.Model):
    """What a channel sent, as it was sent; the same content again only raises seen_count."""

    channel = models.ForeignKey(
        Channel, models.PROTECT, db_index=False, related_name="messages", verbose_name=_("channel")
    )
    source = models.CharField(_("source"), max_length=16, choices=IntakeSource)
    external_id = models.CharField(_("channel order number"), max_length=64, blank=True)
    content_sha256 = models.CharField(max_length=64)
    raw = models.JSONField(_("content"))
    outcome = models.CharField(_("outcome"), max_length=16, choices=IntakeOutcome)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    order = models.ForeignKey(
        Order, models.SET_NULL, db_index=False, null=True, blank=True, related_name="messages", verbose_name=_("order")
    )
    received_at = models.DateTimeField(_("received"))
    last_seen_at = models.DateTimeField(_("last seen"))
    seen_count = models.PositiveIntegerField(_("times seen"), default=1)
    actor_label = models.CharField(_("by"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("intake message")
        verbose_name_plural = _("intake messages")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id", "content_sha256"], name="intake_message_content_unique"
            )
        ]
        indexes = [
            models.Index(fields=["order"], name="intake_message_by_order"),
            models.Index(fields=["outcome", "-id"], name="intake_message_by_outcome"),
            models.Index(fields=["channel", "-id"], name="intake_message_by_channel"),
        ]

    def __str__(self) -> str:
        return self.external_id or f"#{self.pk}"

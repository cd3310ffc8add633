"""What is wrong with an order, and what keeps it from going on."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.enums import (
    DataErrorSource,
    FindingSeverity,
    HoldReason,
)
from orders.models.orders import Order
from orders.rules.validation import check_words


class Finding(models.Model):
    """What a validation rule found wrong with an order; replaced as a set at each validation."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="findings", verbose_name=_("order"))
    code = models.CharField(_("code"), max_length=40)
    severity = models.CharField(_("severity"), max_length=10, choices=FindingSeverity)
    field = models.CharField(_("field"), max_length=120)
    params = models.JSONField(_("details"), default=dict)
    expected = models.CharField(_("expected"), max_length=255, blank=True)
    suggestion = models.JSONField(_("suggested fix"), null=True, blank=True)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        indexes = [models.Index(fields=["code", "-id"], name="finding_by_code")]

    def __str__(self) -> str:
        return check_words(self.code)


class Hold(models.Model):
    """A named reason why an order must not go on; several may be open at once."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="holds", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=20, choices=HoldReason)
    note = models.CharField(_("note"), max_length=500, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    placed_at = models.DateTimeField(pgettext_lazy("hold", "placed"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("released by"),
    )
    release_note = models.CharField(_("release note"), max_length=500, blank=True)
    held_value_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    value_changed = models.BooleanField(
        _("value changed"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Whether the held fields differ between placing and release; unset while open."),
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        permissions = [
            ("release_data_hold", _("release holds for address, articles, duplicates and messages")),
            ("release_money_hold", _("release holds for price and payment")),
            ("release_fraud_hold", _("release holds for fraud risk")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reason"], condition=Q(released_at=None), name="hold_one_open_per_reason"
            )
        ]
        indexes = [
            models.Index(fields=["reason"], condition=Q(released_at=None), name="hold_open_by_reason"),
            models.Index(fields=["until"], condition=Q(released_at=None, until__isnull=False), name="hold_until_due"),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())


class DataError(models.Model):
    """A data error of an order found after its release: the numerator of the escape rate."""

    order = models.ForeignKey(
        Order, models.CASCADE, db_index=False, related_name="data_errors", verbose_name=_("order")
    )
    source = models.CharField(_("found by"), max_length=20, choices=DataErrorSource)
    field = models.CharField(_("field"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("data error after release")
        verbose_name_plural = _("data errors after release")
        indexes = [models.Index(fields=["order"], name="data_error_by_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(source="undeliverable"), name="data_error_undeliverable_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.field}"

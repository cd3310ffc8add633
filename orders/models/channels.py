"""Where orders come from: channels, and how their files are read."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.accounts.models import validate_time_zone
from core.crypto import EncryptedTextField
from core.money import check_currency
from orders.enums import (
    ChannelKind,
)


def validate_object(value: object) -> None:
    """Refuse JSON that isn't an object."""
    if not isinstance(value, dict):
        raise ValidationError(_('This must be a JSON object, such as {"rules": {}}.'))


class Channel(models.Model):
    """A place where the company sells: a shop, a marketplace, a file that somebody sends."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=ChannelKind, default=ChannelKind.API)
    is_active = models.BooleanField(_("active"), default=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    country = models.CharField(_("country"), max_length=2, default="CN")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    requires_payment = models.BooleanField(
        _("requires payment"), default=True, help_text=_("Off for invoiced or cash-on-delivery trade.")
    )
    requires_address = models.BooleanField(
        _("requires a full address"),
        default=True,
        help_text=_("Off where the channel gives only a country, as old invoices do."),
    )
    duplicate_window_hours = models.PositiveSmallIntegerField(_("duplicate window (hours)"), default=24)
    webhook_secret = EncryptedTextField(_("webhook secret"), blank=True, default="")
    settings = models.JSONField(_("rule settings"), default=dict, blank=True, validators=[validate_object])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_currency(self.currency)


class ImportMapping(models.Model):
    """How the columns of a channel's order file map to the canonical order."""

    channel = models.ForeignKey(
        Channel, models.CASCADE, db_index=False, related_name="mappings", verbose_name=_("channel")
    )
    name = models.CharField(_("name"), max_length=120)
    columns = models.JSONField(_("columns"), help_text=_("Canonical field → column heading."))
    options = models.JSONField(_("options"), default=dict, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        constraints = [
            models.UniqueConstraint(fields=["channel", "name"], name="import_mapping_name_unique"),
            models.UniqueConstraint(
                fields=["channel"], condition=Q(is_default=True), name="import_mapping_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

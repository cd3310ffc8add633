from django.db import models
from django.utils.translation import gettext_lazy as _


class StageRun(models.Model):
    """How a stage is doing: one row per stage, written at most every few seconds."""

    name = models.CharField(_("stage"), max_length=80, primary_key=True)
    last_run_at = models.DateTimeField(_("last run"), null=True)
    last_success_at = models.DateTimeField(_("last success"), null=True)
    last_error_at = models.DateTimeField(_("last error at"), null=True)
    last_error = models.TextField(_("last error"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    retry_at = models.DateTimeField(_("next try"), null=True)
    processed = models.BigIntegerField(_("processed in all"), default=0)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

"""What the console remembers: saved views, column choices, and scans already taken."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role


class SavedView(models.Model):
    """A named set of filters, sort order and columns of a list; one person's own, or everybody's."""

    page = models.CharField(_("list"), max_length=80)
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(_("filters"), blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    is_shared = models.BooleanField(_("shared with everybody"), default=False)
    default_for = models.CharField(_("default for the role"), max_length=32, choices=Role.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["id"]
        permissions = [("share_view", _("share saved views"))]
        constraints = [
            models.UniqueConstraint(fields=["page", "owner", "name"], name="ui_view_name_once"),
            models.UniqueConstraint(
                fields=["page", "default_for"],
                condition=~models.Q(default_for=""),
                name="ui_view_one_default_per_role",
                violation_error_message=_("The role has another default for this list. Take it away there first."),
            ),
            models.CheckConstraint(
                condition=models.Q(default_for="") | models.Q(is_shared=True),
                name="ui_view_default_is_shared",
                violation_error_message=_("A role's default has to be shared with everybody."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ListPreference(models.Model):
    """The columns that a person picked for a list."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,
        related_name="list_preferences",
        verbose_name=_("person"),
    )
    page = models.CharField(_("list"), max_length=80)
    columns = models.JSONField(_("columns"), default=list)

    class Meta:
        verbose_name = _("list preference")
        verbose_name_plural = _("list preferences")
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="ui_preference_once")]

    def __str__(self) -> str:
        return self.page


class ScanReceipt(models.Model):
    """A scan or a new form that was taken, with the answer given: the same one sent again gets the same answer."""

    key = models.UUIDField(_("key"), primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    answer = models.JSONField(_("answer"), default=dict)

    class Meta:
        verbose_name = _("scan receipt")
        verbose_name_plural = _("scan receipts")
        indexes = [models.Index(fields=["at"], name="ui_scan_at")]

    def __str__(self) -> str:
        return str(self.key)

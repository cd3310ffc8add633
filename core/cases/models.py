from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.accounts.enums import Role
from core.calendars.models import BusinessCalendar
from core.cases.enums import CaseEventKind, CaseStatus, Severity

_OPEN = [status.value for status in sorted(CaseStatus.OPEN)]


class Case(models.Model):
    """Something that went wrong and has to be put right: with an owner, a deadline and a verified end.

    The subject is named by type and id only: the kernel doesn't know the business tables. The scope columns
    are those of the subject, so that rights by channel and warehouse hold here too.
    """

    type = models.CharField(_("type"), max_length=80)
    status = models.CharField(_("status"), max_length=16, choices=CaseStatus, default=CaseStatus.UNASSIGNED)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    subject_type = models.CharField(_("subject type"), max_length=80)
    subject_id = models.BigIntegerField(_("subject"))
    subject_label = models.CharField(_("subject"), max_length=255)
    summary = models.TextField(_("what is wrong"), blank=True)
    summary_code = models.CharField(max_length=80, blank=True)
    summary_params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    data = models.JSONField(_("data"), default=dict, encoder=DjangoJSONEncoder)
    scope_channel_id = models.BigIntegerField(null=True)
    scope_warehouse_id = models.BigIntegerField(null=True)

    role = models.CharField(_("team"), max_length=32, choices=Role)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        verbose_name=_("assigned to"),
    )

    cause_at = models.DateTimeField(_("cause occurred"))
    opened_at = models.DateTimeField(_("opened"))
    respond_by = models.DateTimeField(_("respond by"))
    warn_at = models.DateTimeField(_("warn at"))
    resolve_by = models.DateTimeField(_("resolve by"))
    responded_at = models.DateTimeField(_("first response"), null=True)
    warned_at = models.DateTimeField(_("warned"), null=True)
    is_escalated = models.BooleanField(_("escalated"), default=False)
    escalated_at = models.DateTimeField(_("escalated at"), null=True)

    waiting_since = models.DateTimeField(_("waiting since"), null=True)
    waiting_until = models.DateTimeField(_("waiting until"), null=True)
    waiting_reason = models.CharField(_("waiting for"), max_length=255, blank=True)

    checked_at = models.DateTimeField(_("cause looked at"))
    resolution = models.CharField(_("resolution"), max_length=80, blank=True)
    resolution_note = models.TextField(_("note"), blank=True)
    resolved_by_label = models.CharField(_("resolved by"), max_length=255, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    verify_at = models.DateTimeField(_("verify at"), null=True)
    verified_at = models.DateTimeField(_("verified"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    reopened_count = models.PositiveSmallIntegerField(_("times reopened"), default=0)
    # What the first reopening found: the fresh deadline and the open state would hide that it had been due and done.
    first_resolved_at = models.DateTimeField(_("first resolved"), null=True)
    first_resolve_by = models.DateTimeField(_("first due"), null=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["-id"]
        permissions = [
            ("work_case", _("work on exceptions")),
            ("assign_case", _("assign exceptions to others")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["type", "subject_type", "subject_id"],
                condition=~Q(status="closed"),
                name="cases_one_per_subject",
            )
        ]
        indexes = [
            models.Index(fields=["resolve_by", "id"], name="cases_inbox", condition=Q(status__in=_OPEN)),
            models.Index(fields=["assigned_to", "resolve_by"], name="cases_mine", condition=Q(status__in=_OPEN)),
            models.Index(fields=["subject_type", "subject_id"], name="cases_subject"),
            models.Index(fields=["checked_at"], name="cases_recheck", condition=Q(status__in=_OPEN)),
            models.Index(fields=["verify_at"], name="cases_verify", condition=Q(status="resolved")),
            models.Index(fields=["verified_at"], name="cases_close", condition=Q(status="verified")),
            models.Index(fields=["warn_at"], name="cases_warn", condition=Q(status__in=_OPEN, warned_at__isnull=True)),
            models.Index(fields=["resolve_by"], name="cases_due"),
            models.Index(
                fields=["first_resolve_by"], name="cases_first_due", condition=Q(first_resolve_by__isnull=False)
            ),
            models.Index(fields=["type", "-id"], name="cases_by_type"),
            models.Index(Upper("subject_label"), name="cases_subject_label"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_label}"

    @property
    def status_enum(self) -> CaseStatus:
        return CaseStatus(self.status)

    @property
    def severity_enum(self) -> Severity:
        return Severity(self.severity)

    @property
    def is_open(self) -> bool:
        return self.status in CaseStatus.OPEN


class CaseEvent(models.Model):
    """What happened to a case. Append-only."""

    case = models.ForeignKey(Case, models.CASCADE, db_index=False, related_name="events", verbose_name=_("exception"))
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("what"), max_length=16, choices=CaseEventKind)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(_("by"), max_length=255)
    actor_kind = models.CharField(max_length=16)
    from_status = models.CharField(_("from"), max_length=16, blank=True)
    to_status = models.CharField(_("to"), max_length=16, blank=True)
    note = models.TextField(_("note"), blank=True)
    data = models.JSONField(_("data"), default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("exception event")
        verbose_name_plural = _("exception events")
        ordering = ["-id"]
        indexes = [models.Index(fields=["case", "id"], name="cases_event_case")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.case_id}"


class CasePolicy(models.Model):
    """A manager's wishes for one type of case; empty fields keep what the type says."""

    type = models.CharField(_("type"), max_length=80, unique=True)
    role = models.CharField(_("team"), max_length=32, choices=Role, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assign to"),
        help_text=_("New exceptions go to this person at once."),
    )
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, blank=True)
    respond_minutes = models.PositiveIntegerField(_("respond within (min)"), null=True, blank=True)
    resolve_minutes = models.PositiveIntegerField(_("resolve within (min)"), null=True, blank=True)
    calendar = models.ForeignKey(
        BusinessCalendar,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("business calendar"),
        help_text=_("Empty: the default calendar."),
    )
    escalate_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("escalate to"),
        help_text=_("Empty: everybody who is an operations manager."),
    )
    is_detected = models.BooleanField(
        _("detected"), default=True, help_text=_("Off: no new exceptions of this type are opened.")
    )

    class Meta:
        verbose_name = _("exception policy")
        verbose_name_plural = _("exception policies")
        ordering = ["type"]

    def __str__(self) -> str:
        return self.type

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.accounts.models import validate_time_zone


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


def validate_country(code: str) -> None:
    """Refuse a country whose holidays aren't known."""
    import holidays  # noqa: PLC0415 - a large package, needed here and when a calendar is read

    if code and code not in holidays.list_supported_countries():
        raise ValidationError(_("The holidays of “%(code)s” aren't known."), params={"code": code})


class BusinessCalendar(models.Model):
    """When a team or a warehouse works."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    holidays_country = models.CharField(
        _("holidays of"),
        max_length=2,
        blank=True,
        validators=[validate_country],
        help_text=_("Two-letter country code. Empty: works on public holidays."),
    )
    is_default = models.BooleanField(_("default"), default=False)

    class Meta:
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="calendars_one_default")
        ]

    def __str__(self) -> str:
        return self.name


class BusinessHours(models.Model):
    """One stretch of work on a day of the week; a day may have several (a lunch break)."""

    calendar = models.ForeignKey(
        BusinessCalendar, models.CASCADE, db_index=False, related_name="hours", verbose_name=_("calendar")
    )
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens_at = models.TimeField(_("from"))
    closes_at = models.TimeField(_("to"), help_text=_("00:00 means midnight at the end of the day."))

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "opens_at"], name="calendars_hours_once"),
            models.CheckConstraint(
                name="calendars_hours_forward",
                condition=Q(closes_at__gt=models.F("opens_at")) | Q(closes_at="00:00"),
                violation_error_message=_("The end must come after the start."),
            ),
        ]

    def __str__(self) -> str:
        return f"{Weekday(self.weekday).label} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class CalendarException(models.Model):
    """A day that differs from its weekday: closed, or open with the hours of a normal Monday."""

    calendar = models.ForeignKey(
        BusinessCalendar, models.CASCADE, db_index=False, related_name="exceptions", verbose_name=_("calendar")
    )
    day = models.DateField(_("day"))
    is_open = models.BooleanField(pgettext_lazy("business", "open"), default=False)
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="calendars_exception_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"

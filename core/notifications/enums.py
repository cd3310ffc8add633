from django.db import models
from django.utils.translation import gettext_lazy as _

from core.states import StatusEnum


class Level(StatusEnum):
    INFO = "info", _("Information"), "info", "info-circle"
    SUCCESS = "success", _("Good news"), "success", "circle-check"
    WARNING = "warning", _("Warning"), "warning", "alert-triangle"
    DANGER = "danger", _("Urgent"), "danger", "alert-octagon"


class Channel(models.TextChoices):
    IN_APP = "in_app", _("Console")
    EMAIL = "email", _("E-mail")


class Audience(models.TextChoices):
    STAFF = "staff", _("Staff")
    CUSTOMER = "customer", _("Customer")


class MessageStatus(StatusEnum):
    QUEUED = "queued", _("Waiting"), "neutral", "clock"
    SENDING = "sending", _("Being sent"), "progress", "send"
    SENT = "sent", _("Sent"), "success", "circle-check"
    FAILED = "failed", _("Failed"), "danger", "alert-circle"
    UNKNOWN = "unknown", _("Sent or not, nobody knows"), "warning", "help-circle"


MessageStatus.OPEN = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
MessageStatus.TERMINAL = frozenset({MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.UNKNOWN})

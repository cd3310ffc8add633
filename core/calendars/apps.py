from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CalendarsConfig(AppConfig):
    name = "core.calendars"
    label = "calendars"
    verbose_name = _("Calendars")

    def ready(self) -> None:
        from core.calendars import permissions  # noqa: F401, PLC0415

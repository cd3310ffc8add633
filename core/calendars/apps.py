from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CalendarsConfig(AppConfig):
    name = "core.calendars"
    label = "calendars"
    verbose_name = _("Calendars")

    def ready(self) -> None:
        from core.calendars import permissions  # noqa: F401
        from core.calendars.defaults import ensure_calendars

        post_migrate.connect(ensure_calendars, sender=self, dispatch_uid="calendars.defaults")

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "core.ui"
    label = "ui"
    verbose_name = _("Console")

    def ready(self) -> None:
        from core.ui import permissions  # noqa: F401, PLC0415

        # Every app declares its navigation, panels, search and cards in its module `console`.
        autodiscover_modules("console")

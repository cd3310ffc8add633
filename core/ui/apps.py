from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "core.ui"
    label = "ui"
    verbose_name = _("Console")

    def ready(self) -> None:
        from core.stages import Stage, register_stage
        from core.ui import permissions, scanning  # noqa: F401

        register_stage(
            Stage(
                "ui.forget_scans",
                scanning.forget_receipts,
                scanning.receipts_due,
                3600,
                batch_size=1000,
                label=_("Forget answers to old scans"),
            )
        )
        # Every app declares its navigation, panels, search and cards in its module `console`.
        autodiscover_modules("console")

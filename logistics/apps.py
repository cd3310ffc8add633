from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogisticsConfig(AppConfig):
    name = "logistics"
    label = "logistics"
    verbose_name = _("Logistics")

    def ready(self) -> None:
        from logistics import cases, handlers, permissions, stages, system_panel  # noqa: F401
        from logistics.services import customer_mail

        stages.register()
        cases.register()
        customer_mail.register()

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    label = "crm"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from crm import console, permissions  # noqa: F401

        console.register()

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogisticsConfig(AppConfig):
    name = "logistics"
    label = "logistics"
    verbose_name = _("Logistics")

    def ready(self) -> None:
        from logistics import cases, handlers, permissions, stages, system_panel  # noqa: F401
        from logistics.selectors import parcels_of_order
        from logistics.services import customer_mail
        from orders.parcels import register_parcels

        stages.register()
        cases.register()
        customer_mail.register()
        register_parcels(parcels_of_order)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupplyChainConfig(AppConfig):
    name = "supply_chain"
    label = "supply_chain"
    verbose_name = _("Supply chain")

    def ready(self) -> None:
        from supply_chain import cases, permissions  # noqa: F401
        from supply_chain.services.alerts import register_messages

        cases.register()
        register_messages()

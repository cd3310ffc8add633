from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    name = "inventory"
    label = "inventory"
    verbose_name = _("Inventory")

    def ready(self) -> None:
        from core.accounts.scopes import register_scope_kind
        from inventory import jobs, permissions, selectors  # noqa: F401

        register_scope_kind("warehouse", _("Warehouses"), selectors.warehouse_choices)

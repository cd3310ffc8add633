from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    label = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from core.accounts.scopes import register_scope_kind
        from orders import cases, handlers, jobs, permissions, stages  # noqa: F401
        from orders.selectors.intake import channel_choices

        register_scope_kind("channel", _("Channels"), channel_choices)
        stages.register()
        cases.register()

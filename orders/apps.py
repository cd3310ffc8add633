from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    label = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from orders import cases, handlers, jobs, permissions, stages  # noqa: F401

        stages.register()
        cases.register()

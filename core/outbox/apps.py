from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "core.outbox"
    label = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        from core.outbox import delivery, permissions, services  # noqa: F401
        from core.stages import Stage, register_stage

        register_stage(
            Stage(
                name=services.RELAY,
                run=delivery.relay,
                run_inline=delivery.relay_inline,
                due=delivery.due,
                every_seconds=5,
                batch_size=500,
                label=_("Deliver events"),
            )
        )
        register_stage(
            Stage(
                name="outbox.purge",
                run=delivery.purge_completed,
                due=delivery.due_for_purge,
                every_seconds=3600,
                batch_size=5000,
                label=_("Delete delivered events"),
            )
        )

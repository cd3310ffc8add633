from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "core.notifications"
    label = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from core.notifications import permissions, sending  # noqa: F401
        from core.notifications.services import SEND
        from core.stages import Stage, register_stage

        for stage in (
            Stage(SEND, sending.send_due, sending.due, 10, 50, label=_("Send e-mails")),
            Stage(
                "notifications.settle",
                sending.settle_unfinished,
                sending.due_for_settling,
                60,
                100,
                label=_("Settle e-mails cut off in sending"),
            ),
            Stage(
                "notifications.purge", sending.purge, sending.due_for_purge, 3600, 2000, label=_("Delete old e-mails")
            ),
        ):
            register_stage(stage)

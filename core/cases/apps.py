from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "core.cases"
    label = "cases"
    verbose_name = _("Exceptions")

    def ready(self) -> None:
        from core.cases import alerts, handlers, permissions  # noqa: F401
        from core.cases.services import watching
        from core.cases.services.work import VERIFY
        from core.stages import Stage, register_stage

        alerts.register_messages()
        for stage in (
            Stage("cases.detect", watching.detect, watching.nothing_waits, 60, 1, label=_("Look for exceptions")),
            Stage(VERIFY, watching.verify, watching.due_for_verification, 5, 500, label=_("Verify resolutions")),
            Stage(
                "cases.recheck",
                watching.recheck,
                watching.due_for_recheck,
                60,
                500,
                label=_("Clear exceptions that ended by themselves"),
            ),
            Stage("cases.watch", watching.watch, watching.due_for_watch, 60, 500, label=_("Watch deadlines")),
            Stage(
                "cases.close", watching.close, watching.due_for_closing, 3600, 500, label=_("Close verified exceptions")
            ),
        ):
            register_stage(stage)

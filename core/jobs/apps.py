from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "core.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from core.jobs import permissions, running, services  # noqa: F401
        from core.stages import Stage, register_stage

        register_stage(
            Stage(
                name=running.DISPATCH,
                run=running.dispatch,
                run_inline=running.run_inline,
                due=running.due,
                every_seconds=5,
                batch_size=50,
                label=_("Start jobs"),
            )
        )
        register_stage(
            Stage(
                name="jobs.revive",
                run=running.revive,
                due=running.due_for_revival,
                every_seconds=30,
                batch_size=50,
                label=_("Revive jobs whose worker died"),
            )
        )
        register_stage(
            Stage(
                name="jobs.purge",
                run=running.purge,
                due=running.due_for_purge,
                every_seconds=3600,
                batch_size=100,
                label=_("Delete old jobs"),
            )
        )

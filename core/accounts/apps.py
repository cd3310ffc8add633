from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "core.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from core.accounts import permissions, roles, sessions  # noqa: F401
        from core.stages import Stage, register_stage

        register(roles.check_codenames)
        register_stage(
            Stage(
                "accounts.forget_sessions",
                sessions.forget_expired,
                sessions.expired_due,
                3600,
                batch_size=1000,
                label=_("Forget sign-ins that have run out"),
            )
        )
        post_migrate.connect(roles.sync_after_migrate, dispatch_uid="core.accounts.roles")

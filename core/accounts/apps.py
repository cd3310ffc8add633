from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "core.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from core.accounts import permissions, roles  # noqa: F401

        register(roles.check_codenames)
        post_migrate.connect(roles.sync_after_migrate, dispatch_uid="core.accounts.roles")

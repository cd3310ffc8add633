from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with the project's own site, so that @admin.register of every app goes there."""

    default_site = "core.admin_site.ConsoleAdminSite"

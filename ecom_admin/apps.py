from django.apps import AppConfig


class EcomAdminConfig(AppConfig):
    """Last in INSTALLED_APPS: what it wires has been registered by then."""

    name = "ecom_admin"

    def ready(self) -> None:
        from ecom_admin.celery import schedule_stages

        schedule_stages()

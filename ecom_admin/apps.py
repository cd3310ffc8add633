from django.apps import AppConfig


class EcomAdminConfig(AppConfig):
    name = "ecom_admin"

    def ready(self) -> None:
        """Load the Celery app, so that tasks of every app bind to it in every process."""
        from ecom_admin import celery  # noqa: F401, PLC0415

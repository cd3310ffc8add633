"""The Celery app, and the clock that runs every stage whatever became of its nudge."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.conf import settings

from core import celery_context, workers  # noqa: F401  # connect to Celery's signals
from core.memory import settle_memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecom_admin.settings")
# Celery would run Django's checks at every start and ignore what they find; for them even beat imports every page.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("ecom_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_scheduler = "ecom_admin.beat:SteadyScheduler"
app.autodiscover_tasks()


@setup_logging.connect
def keep_log_settings(**_options: object) -> None:
    """Being connected keeps Celery from replacing the log settings of Django."""


@worker_init.connect
def share_memory_with_children(**_options: object) -> None:
    """Import once, before the worker forks, what its children would import each for itself: the pages, whose addresses
    mails and carriers are told."""
    import_module(settings.ROOT_URLCONF)
    settle_memory()


def schedule_stages() -> None:
    """Let beat start every registered stage; called when all apps have registered theirs."""
    from core.stages import stages  # noqa: PLC0415  # models can't be imported with this module

    schedule: dict[str, dict[str, Any]] = {
        stage.name: {
            "task": "core.tasks.run_stage",
            "schedule": stage.every_seconds,
            "args": [stage.name],
            # A worker that was away isn't met by a heap of old messages that all say the same.
            "options": {"expires": max(stage.every_seconds, 10)},
        }
        for stage in stages()
    }
    app.conf.beat_schedule = schedule

"""How the installation is doing: the stages, the database's migrations, the outbox. Read by /readyz, /metrics and
the System page."""

import logging
import pkgutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.db.utils import DatabaseError
from django.utils import timezone

from core.models import StageRun
from core.stages import Stage, StageDue, stages

logger = logging.getLogger(__name__)

# A stage that beat starts every few seconds is seen again well within this time, even while a batch is long.
WORK_SEEN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage, what waits for it, and how its last runs went (None before the first)."""

    stage: Stage
    due: StageDue
    run: StageRun | None

    @property
    def is_failing(self) -> bool:
        return self.run is not None and self.run.failures > 0

    def age(self, now: datetime) -> float:
        """Seconds that the oldest due work has been waiting."""
        return max((now - self.due.oldest_at).total_seconds(), 0.0) if self.due.oldest_at else 0.0

    def is_late(self, now: datetime) -> bool:
        """Whether work waits longer than anybody should accept, a slow stage's own rhythm apart."""
        return self.age(now) > max(settings.STALE_WORK_SECONDS, 2 * self.stage.every_seconds)

    def is_overdue(self, now: datetime) -> bool:
        """Whether beat or the workers forgot it: several rounds went by without a run."""
        since = self.run.last_run_at if self.run else None
        patience = timedelta(seconds=3 * self.stage.every_seconds + WORK_SEEN_SECONDS)
        return since is not None and now - since > patience


def stage_states() -> list[StageState]:
    """Every registered stage; one statement for the rows and one for what waits for each stage."""
    runs = {run.name: run for run in StageRun.objects.all()}
    return [StageState(stage, stage.due(), runs.get(stage.name)) for stage in stages()]


def last_work_at() -> datetime | None:
    """When a worker last ran any stage to its end; runs from a time to come (a clock was wrong) say nothing."""
    believed = StageRun.objects.filter(last_run_at__lte=timezone.now() + timedelta(seconds=WORK_SEEN_SECONDS))
    seen: datetime | None = believed.aggregate(seen=Max("last_run_at"))["seen"]
    return seen


def unapplied_migrations() -> list[str]:
    """Migrations that this code has and the database lacks, as "app.name". Raises DatabaseError.

    Newer ones in the database don't count: during an upgrade the old code goes on working.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    return [f"{app}.{name}" for app, name in _migrations_on_disk() if (app, name) not in applied]


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("The database doesn't answer: %s", error)
        return False
    return True


@lru_cache(maxsize=1)
def _migrations_on_disk() -> tuple[tuple[str, str], ...]:
    found = []
    for config in apps.get_app_configs():
        folder = f"{config.path}/migrations"
        found += [(config.label, module.name) for module in pkgutil.iter_modules([folder]) if module.name[0] != "_"]
    return tuple(found)

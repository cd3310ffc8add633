"""Stages: work that PostgreSQL says is due, done in batches.

A stage is started by a nudge after the transaction that made work for it, and by beat every few seconds
whatever became of the nudge. Redis only carries the hint; it may lose everything.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from core import metering
from core.courier import Courier
from core.logging import scrub_text
from core.models import StageRun
from core.nudging import breaker, claim_nudges, clear_nudge

logger = logging.getLogger(__name__)

TIME_BUDGET_SECONDS = 20.0
NUDGE_PAUSE_SECONDS = 0.025
STATS_EVERY_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 300


@dataclass(frozen=True, slots=True)
class StageDue:
    """What waits for a stage. `count` may be capped so that counting stays cheap.

    `oldest_at` is when the oldest became due, not when it was made: what is kept for two weeks and then deleted hasn't
    waited for two weeks. None where nobody feels a delay, such as of a deletion: it is never late.
    """

    count_is_capped: bool
    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A kind of due work.

    `run(batch_size)` claims up to that many rows (SKIP LOCKED), works on them in its own transaction and
    returns how many it handled; 0 means that nothing is due. `due` looks without claiming, for the
    System page. `run_inline` replaces `run` where no worker exists (drain), if the stage hands work on. `label` says
    in the reader's language what is done.
    """

    name: str
    run: Callable[[int], int]
    due: Callable[[], StageDue]
    every_seconds: float
    batch_size: int
    run_inline: Callable[[int], int] | None = None
    label: Any = ""


class DrainFailed(Exception):
    """Some stages failed while draining; `errors` maps their names to what they raised."""

    def __init__(self, errors: dict[str, Exception], processed: dict[str, int]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = errors
        self.processed = processed


_stages: dict[str, Stage] = {}


def register_stage(stage: Stage) -> None:
    """Make a stage known; called from AppConfig.ready(). Registering the same name again replaces it."""
    _stages[stage.name] = stage


def stages() -> list[Stage]:
    """All stages in order of registration."""
    return list(_stages.values())


def nudge(name: str) -> None:
    """Start a stage soon after the current transaction commits. Never raises, never waits."""
    for entry in connection.run_on_commit:
        if isinstance(entry[1], _Nudges):  # at worst a nudge too many, if what made the work is undone
            entry[1].add(name)
            return
    transaction.on_commit(_Nudges(name), robust=True)


def run_stage(name: str, *, budget_seconds: float = TIME_BUDGET_SECONDS) -> int:
    """Run batches until one comes back empty or the time is used up; return how many rows were handled.

    An error ends the run, is recorded, and keeps the stage quiet for a growing while.
    """
    stage = _stages[name]
    clear_nudge(name)
    if _is_backing_off(name):
        return 0
    started = time.monotonic()
    processed, more = 0, False
    try:
        while count := stage.run(stage.batch_size):
            processed += count
            if time.monotonic() - started > budget_seconds:
                more = True
                break
    except Exception as error:
        logger.exception("Stage %s failed", name)
        _measure(name, "failed", started)
        _record_failure(name, processed, error)
        return processed
    _measure(name, "ok", started)
    _record_success(name, processed)
    if more:
        _send_nudges([name])
    return processed


def drain(*, keep_going: bool = False, only: Sequence[str] | None = None) -> dict[str, int]:
    """Run every stage in order, again and again, until a whole round finds nothing due.

    Returns rows handled by stage. An error is raised at once, or, with `keep_going`, after everything
    else is done, as DrainFailed.
    """
    picked = [stage for stage in stages() if only is None or stage.name in only]
    processed = {stage.name: 0 for stage in picked}
    errors: dict[str, Exception] = {}
    busy = True
    while busy:
        busy = False
        for stage in picked:
            if stage.name in errors:
                continue
            try:
                count = _drain_stage(stage)
            except Exception as error:
                if not keep_going:
                    raise
                logger.exception("Stage %s failed", stage.name)
                errors[stage.name] = error
                continue
            processed[stage.name] += count
            busy = busy or count > 0
    if errors:
        raise DrainFailed(errors, processed)
    return processed


def _drain_stage(stage: Stage) -> int:
    run = stage.run_inline or stage.run
    processed = 0
    while count := run(stage.batch_size):
        processed += count
    return processed


class _Nudges:
    """The stages that a transaction has made work for, started together when it commits."""

    def __init__(self, name: str) -> None:
        self._names = [name]

    def add(self, name: str) -> None:
        if name not in self._names:
            self._names.append(name)

    def __call__(self) -> None:
        _courier.bring(self._names)


def _send_nudges(names: Sequence[str]) -> None:
    for name in claim_nudges(names):
        if breaker.is_open:  # the broker didn't answer for the one before
            return
        with breaker.guard("stage nudge %s", name):
            current_app.send_task("core.tasks.run_stage", args=[name], retry=False, ignore_result=True, expires=60)


_courier = Courier(_send_nudges, pause_seconds=NUDGE_PAUSE_SECONDS)


def _measure(name: str, outcome: str, started: float) -> None:
    metering.observe("stage", {"stage": name, "outcome": outcome}, time.monotonic() - started)
    metering.flush_if_due()


def _is_backing_off(name: str) -> bool:
    return StageRun.objects.filter(name=name, retry_at__gt=timezone.now()).exists()


_written: dict[str, float] = {}
_unwritten: dict[str, int] = {}


def _record_success(name: str, processed: int) -> None:
    _unwritten[name] = _unwritten.get(name, 0) + processed
    if time.monotonic() - _written.get(name, -STATS_EVERY_SECONDS) < STATS_EVERY_SECONDS:
        return
    _write_stats(name, "")


def _record_failure(name: str, processed: int, error: Exception) -> None:
    _unwritten[name] = _unwritten.get(name, 0) + processed
    _write_stats(name, scrub_text(f"{type(error).__name__}: {error}")[:2000])


def _write_stats(name: str, error: str) -> None:
    """Add to the stage's row; never fails the stage over its statistics."""
    now = timezone.now()
    processed = _unwritten.pop(name, 0)
    _written[name] = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute(_FAILURE_SQL if error else _SUCCESS_SQL, [name, now, now, error, processed])
    except Exception:
        logger.exception("Statistics of stage %s not written", name)


_SUCCESS_SQL = """
INSERT INTO core_stagerun AS s (name, last_run_at, last_success_at, last_error, failures, processed)
VALUES (%s, %s, %s, %s, 0, %s)
ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, last_success_at = excluded.last_run_at,
    failures = 0, retry_at = NULL, processed = s.processed + excluded.processed
"""
_FAILURE_SQL = f"""
INSERT INTO core_stagerun AS s
    (name, last_run_at, last_error_at, last_error, failures, retry_at, processed)
VALUES (%s, %s, %s, %s, 1, now() + interval '2 seconds', %s)
ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, last_error_at = excluded.last_run_at,
    last_error = excluded.last_error, failures = s.failures + 1,
    retry_at = now() + least({MAX_BACKOFF_SECONDS}, power(2, least(s.failures + 1, 20))) * interval '1 second',
    processed = s.processed + excluded.processed
"""  # noqa: S608


def retry_stage(name: str) -> None:
    """Let a stage that backs off try again at once."""
    StageRun.objects.filter(name=name).update(retry_at=None, failures=0)
    nudge(name)


def tidying_due(rows: QuerySet[Any], cap: int = 1000) -> StageDue:
    """What waits for a stage that tidies up, counted up to `cap`."""
    count = len(rows.values_list("pk", flat=True)[:cap])
    return StageDue(count_is_capped=count >= cap, count=count, oldest_at=None)


def capped_due(rows: Sequence[datetime | None], cap: int) -> StageDue:
    """StageDue from up to `cap` due instants, as a selector with a LIMIT returns them."""
    instants = [at for at in rows if at is not None]
    return StageDue(len(rows) >= cap, len(rows), min(instants, default=None))

"""Kinds of job."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.jobs.context import JobContext
    from core.jobs.models import Job

Run = Callable[["JobContext"], None]
Words = Callable[["Job"], str]


@dataclass(frozen=True, slots=True)
class JobKind:
    """`permission` is needed to start it from the console; None where the caller has checked.

    `title(job)` and `summary(job)` put what a job is, and what came of one that is done, into the reader's language;
    without them the texts that were written when it ran are shown.
    """

    code: str
    label: Any
    permission: str | None
    run: Run
    title: Words | None = None
    summary: Words | None = None


_kinds: dict[str, JobKind] = {}


def job_kind(
    code: str, label: Any, permission: str | None = None, *, title: Words | None = None, summary: Words | None = None
) -> Callable[[Run], Run]:
    """Register a function as the work of a kind of job; the arguments are explained at JobKind.

    The function may be started again from the beginning when its worker died, so what it does must be
    idempotent. It reports through its JobContext; an exception that leaves it fails the job.
    """

    def register(run: Run) -> Run:
        _kinds[code] = JobKind(code, label, permission, run, title, summary)
        return run

    return register


def kind(code: str) -> JobKind:
    """Raises KeyError for an unknown kind."""
    return _kinds[code]


def kinds() -> list[JobKind]:
    return list(_kinds.values())


def find_kind(code: str) -> JobKind | None:
    """The kind, or None where the app that had it is gone."""
    return _kinds.get(code)

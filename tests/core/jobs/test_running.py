import os
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.actor import SYSTEM
from core.exceptions import DomainError
from core.jobs import files, running
from core.jobs.context import JobContext, RowResult
from core.jobs.enums import JobStatus, RowOutcome
from core.jobs.exceptions import JobFinished, NothingToRetry
from core.jobs.files import FileTooLarge
from core.jobs.models import Job, JobRow
from core.jobs.registry import job_kind
from core.jobs.running import run_job
from core.jobs.services import cancel_job, retry_failed, start_job
from core.stages import drain
from tests.core.threads import raise_errors, run_together


def start(kind: str = "test.kind", **params) -> Job:
    return start_job(kind=kind, params=params, actor=SYSTEM)


def test_a_job_reports_its_rows_and_figures(db, kinds, actor, person):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        assert context.actor == actor
        assert context.user == person
        context.progress(0, 4)
        context.row(1, key="A-1")
        context.row(2, "warning", key="A-2", message="odd")
        context.rows(
            [
                RowResult(3, "A-3", RowOutcome.ERROR, "price", "below 0", {"price": "-1"}),
                RowResult(4, "A-4", RowOutcome.SKIPPED),
            ]
        )
        context.message("All counted.")

    job = start_job(kind="test.kind", params={}, actor=actor)
    assert (job.status, job.title, job.actor_label) == (JobStatus.QUEUED, "Count", "Ann Lee")
    drain(only=["jobs.dispatch"])
    job.refresh_from_db()
    assert (job.status, job.message) == (JobStatus.DONE, "All counted.")
    assert (job.succeeded, job.failed, job.skipped, job.total) == (2, 1, 1, 4)
    row = job.rows.get(row_number=3)
    assert (row.key, row.field, row.message, row.data) == ("A-3", "price", "below 0", {"price": "-1"})
    assert job.finished_at


def test_rows_with_one_result_are_counted_each_and_kept_together(db, kinds):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        context.rows([RowResult(2, "A", also=[3, 4, 7]), RowResult(5, "B", RowOutcome.SKIPPED, also=[6])])
        context.row(8, RowOutcome.ERROR)

    job = run_job(start().pk)
    assert (job.succeeded, job.failed, job.skipped, job.processed) == (4, 1, 2, 7)
    assert [row.row_numbers for row in job.rows.all()] == [[2, 3, 4, 7], [5, 6], [8]]
    assert [row.spans for row in job.rows.all()] == [[(2, 4), (7, 7)], [(5, 6)], [(8, 8)]]


def test_ten_thousand_rows_cost_a_handful_of_statements(db, kinds, django_assert_max_num_queries):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        for number in range(1, 10_001):
            context.row(number)

    job = start()
    with django_assert_max_num_queries(70):
        run_job(job.pk)
    job.refresh_from_db()
    assert (job.succeeded, job.processed) == (10_000, 10_000)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DomainError("The file has no column SKU."), "The file has no column SKU."),
        (ZeroDivisionError(), "internal error"),
    ],
)
def test_an_error_fails_the_job_and_keeps_what_was_reported(db, kinds, error, message):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        context.row(1)
        context.flush()
        raise error

    job = run_job(start().pk)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert message in job.message
    assert (job.succeeded, job.rows.count()) == (1, 1)


def test_only_one_worker_runs_a_job(transactional_db, kinds):
    calls = []

    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        calls.append(threading.get_ident())

    job = start()
    results = raise_errors(run_together(lambda: run_job(job.pk), lambda: run_job(job.pk)))
    assert len(calls) == 1
    assert sorted(result is None for result in results) == [False, True]


def test_a_queued_job_is_cancelled_at_once(db, kinds):
    job_kind("test.kind", "Count")(lambda _context: None)
    job = cancel_job(job_id=start().pk)
    assert job.status == JobStatus.CANCELLED
    assert run_job(job.pk) is None
    with pytest.raises(JobFinished):
        cancel_job(job_id=job.pk)


def test_a_running_job_stops_at_its_next_report(db, kinds):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        for number in range(1, 100):
            context.row(number)
            if number == 3:
                cancel_job(job_id=context.job.pk)
            context.flush()

    job = run_job(start().pk)
    job.refresh_from_db()
    assert (job.status, job.succeeded) == (JobStatus.CANCELLED, 3)


class WorkerDied(BaseException):
    """Like a kill: nothing catches it."""


def test_a_job_whose_worker_died_runs_again_and_counts_no_row_twice(db, kinds):
    starts = []

    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        starts.append(context.job.attempts)
        context.row(1)
        context.row(2, "error")
        context.flush()
        if len(starts) == 1:
            raise WorkerDied
        context.row(3)

    job = start()
    with pytest.raises(WorkerDied):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.RUNNING
    assert running.revive(10) == 0, "it may still be alive"

    Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=61))
    assert running.revive(10) == 1
    drain(only=["jobs.dispatch"])
    job.refresh_from_db()
    assert starts == [1, 2]
    assert (job.status, job.succeeded, job.failed, job.processed) == (JobStatus.DONE, 2, 1, 3)


def test_a_job_that_kills_its_workers_is_given_up(db, kinds):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        raise WorkerDied

    job = start()
    for _attempt in range(running.MAX_ATTEMPTS):
        with pytest.raises(WorkerDied):
            run_job(job.pk)
        Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=61))
        running.revive(10)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "3 times" in job.message


def test_a_worker_that_was_thought_dead_stops_and_overwrites_nothing(db, kinds):
    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        if context.job.attempts == 2:
            context.row(1)
            return
        Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=61))
        running.revive(10)
        run_job(context.job.pk)  # the second worker does all of it
        context.row(1, "error")

    job = start()
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == (JobStatus.DONE, 1, 0)
    assert [row.outcome for row in JobRow.objects.all()] == [RowOutcome.OK]


def test_a_silent_job_stays_alive(transactional_db, kinds, monkeypatch):
    monkeypatch.setattr(running, "HEARTBEAT_SECONDS", 0.02)
    beats = []

    @job_kind("test.kind", "Count")
    def read_a_large_file(context: JobContext) -> None:
        first = Job.objects.get().heartbeat_at
        for _look in range(3000):
            threading.Event().wait(0.02)
            if Job.objects.get().heartbeat_at > first:
                beats.append(True)
                return

    run_job(start().pk)
    assert beats
    assert Job.objects.get().status == JobStatus.DONE
    assert connection.connection is not None


def test_failed_rows_can_be_tried_again(db, kinds, actor, tmp_path):
    seen = []

    @job_kind("test.kind", "Count")
    def count(context: JobContext) -> None:
        seen.append((context.params.get("only_rows", "all"), context.input_path().read_text()))
        context.row(1)
        context.row(2, "error")

    source = tmp_path / "orders.csv"
    source.write_text("a,b")
    job = start_job(kind="test.kind", params={"x": 1}, actor=actor, input_file=source)
    assert job.title == "Count: orders.csv"
    with pytest.raises(NothingToRetry):
        retry_failed(job_id=job.pk, actor=actor)
    run_job(job.pk)
    again = retry_failed(job_id=job.pk, actor=actor)
    assert (again.retry_of, again.input_name, again.params) == (job, "orders.csv", {"x": 1, "only_rows": [2]})
    assert again.input_file != job.input_file
    with pytest.raises(DomainError, match="already"):
        retry_failed(job_id=job.pk, actor=actor)
    run_job(again.pk)
    assert seen == [("all", "a,b"), ([2], "a,b")]
    Job.objects.filter(pk=job.pk).update(input_file="")  # as its purge does
    with pytest.raises(DomainError, match="Upload it again"):
        retry_failed(job_id=job.pk, actor=actor)


def _write_result(context: JobContext) -> None:
    context.output("result.csv").write_text("x")


def test_files_have_random_names_limits_and_an_end(db, kinds, settings, tmp_path):
    job_kind("test.kind", "Count")(_write_result)
    source = tmp_path / "passwd.CSV"
    source.write_bytes(b"x" * 100)
    job = start_job(kind="test.kind", params={}, actor=SYSTEM, input_file=source)
    assert job.input_name == "passwd.CSV"
    assert "passwd" not in job.input_file
    assert job.input_file.endswith(".csv")
    run_job(job.pk)
    job.refresh_from_db()
    paths = [files.path_of(job.input_file), files.path_of(job.output_file)]
    assert all(path.exists() for path in paths)

    Job.objects.update(finished_at=timezone.now() - timedelta(days=31))
    assert running.purge(10) == 1
    assert not any(path.exists() for path in paths)
    job.refresh_from_db()
    assert (job.input_file, job.output_file) == ("", "")
    Job.objects.update(finished_at=timezone.now() - timedelta(days=91))
    running.purge(10)
    assert not Job.objects.exists()

    settings.UPLOAD_MAX_BYTES = 99
    with pytest.raises(FileTooLarge):
        start_job(kind="test.kind", params={}, actor=SYSTEM, input_file=source)
    assert not list((settings.MEDIA_ROOT / "jobs").rglob("*.csv"))


def test_a_file_whose_job_was_never_committed_goes_after_a_day(transactional_db, kinds, settings, tmp_path):
    job_kind("test.kind", "Count")(_write_result)
    source = tmp_path / "orders"
    source.write_bytes(b"a,b")
    kept = start_job(kind="test.kind", params={}, actor=SYSTEM, input_file=source)
    run_job(kept.pk)
    with suppress(ZeroDivisionError), transaction.atomic():
        lost = start_job(kind="test.kind", params={}, actor=SYSTEM, input_file=source)
        raise ZeroDivisionError
    fresh = files.path_of(files.keep_input(source)[0])
    kept.refresh_from_db()
    old = [files.path_of(name) for name in (kept.input_file, kept.output_file, lost.input_file)]
    for path in old:
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    assert running.purge(10) == 1
    assert [path.exists() for path in (*old, fresh)] == [True, True, False, True]
    assert running.purge(10) == 0


def test_files_of_another_database_in_the_same_folder_stay(transactional_db, monkeypatch, tmp_path):
    source = tmp_path / "orders.csv"
    source.write_bytes(b"a,b")
    connection.close()
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(connection.settings_dict, "NAME", "postgres")
        theirs = files.path_of(files.keep_input(source)[0])
        connection.close()
    mine = files.path_of(files.keep_input(source)[0])
    for path in (theirs, mine):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    assert running.purge(10) == 1
    assert (theirs.exists(), mine.exists()) == (True, False)


def test_whoever_may_use_the_database_may_ask_which_it_is(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE pg_read_all_settings")
    assert files.new_name("orders.csv").endswith(".csv")


@pytest.mark.parametrize("round_", range(3))
def test_a_job_cancelled_while_a_worker_takes_it_is_one_or_the_other(transactional_db, kinds, round_):
    ran: list[int] = []

    @job_kind("test.cancelled", "Cancelled")
    def work(context: JobContext) -> None:
        ran.append(1)
        context.progress(1, 1)

    job = start_job(kind="test.cancelled", params={}, actor=SYSTEM)
    run_together(lambda: run_job(job.pk), lambda: cancel_job(job_id=job.pk))
    job.refresh_from_db()
    assert job.finished_at is not None
    assert job.status in ({JobStatus.DONE, JobStatus.CANCELLED} if ran else {JobStatus.CANCELLED})

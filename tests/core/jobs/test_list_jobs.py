import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from core.accounts.models import User
from core.actor import SYSTEM
from core.audit.models import AuditEntry
from core.jobs import files
from core.jobs.cells import csv_value, xlsx_value
from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.jobs.reading import BULK_ACTION
from core.jobs.running import run_job
from core.jobs.services import start_job
from core.jobs.writers import CsvWriter, XlsxWriter
from tests.core.jobs.conftest import GREETED
from tests.factories.accounts import make_user


def people(*names: str) -> list[int]:
    return [make_user(username=name, first_name=f"First {name}", email=f"{name}@example.com").pk for name in names]


def post_bulk(client, ids=None, **data):
    rows = {"all": "1"} if ids is None else {"ids": ids}
    return client.post(
        reverse("jobs:bulk"), {"list": "test.people", "action": "greet", "param-word": "Hello", **rows, **data}
    )


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


def finished() -> Job:
    job = Job.objects.latest("id")
    run_job(job.pk)
    job.refresh_from_db()
    return job


def test_a_bulk_action_runs_over_the_ticked_rows(signed_in, people_page, person):
    ids = people("anna", "bad-bob", "off-cleo", "dora")
    response = post_bulk(signed_in, ids)
    job = Job.objects.get()
    assert response.url == reverse("jobs:job_detail", args=[job.pk])
    assert (job.title, job.total, job.created_by) == ("Greet: People", 4, person)
    job = finished()
    with translation.override("zh-hans"):
        assert job.heading == "Greet：People"
    assert (job.status, job.succeeded, job.failed, job.skipped) == (JobStatus.DONE, 2, 1, 1)
    assert [ids[:2], ids[2:]] == GREETED, "in chunks"
    row = job.rows.get(key="bad-bob")
    assert (row.row_number, row.outcome, row.field, row.message) == (2, "error", "ear", "doesn't listen")
    assert User.objects.get(username="dora").last_name == "Hello"


def test_what_the_confirmation_asks_for_goes_to_the_job(signed_in, people_page):
    dialog = signed_in.post(
        reverse("ui:bulk_confirm", args=["test.people"]),
        {"action": "greet", "ids": people("anna")},
        HTTP_HX_REQUEST="true",
    ).content.decode()
    assert f'action="{reverse("jobs:bulk")}"' in dialog
    assert 'name="param-word"' in dialog


def test_the_confirmation_counts_no_further_than_an_action_goes(signed_in, people_page, monkeypatch):
    monkeypatch.setattr("core.ui.views.frame.MAX_ROWS", 2)
    people("anna", "bert", "cleo")
    url, data = reverse("ui:bulk_confirm", args=["test.people"]), {"action": "greet", "all": "1"}
    with CaptureQueriesContext(connection) as statements:
        dialog = signed_in.post(url, data, HTTP_HX_REQUEST="true").content.decode()
    counts = [each["sql"] for each in statements if "COUNT(*)" in each["sql"]]
    assert len(counts) == 1
    assert "LIMIT 3" in counts[0]
    assert "Narrow the filters" in dialog
    assert 'type="submit"' not in dialog


def test_all_that_match_is_settled_when_the_job_starts(signed_in, people_page, person):
    people("anna", "secret-agent")
    post_bulk(signed_in)
    assert finished().total == 2  # anna and the person
    assert User.objects.get(username="secret-agent").last_name == ""


def test_rows_out_of_sight_are_not_touched(signed_in, people_page):
    (pk,) = people("secret-agent")
    post_bulk(signed_in, [pk])
    job = finished()
    assert (job.failed, GREETED) == (1, [])


def test_a_right_lost_before_the_job_runs_stops_it(signed_in, people_page, person):
    post_bulk(signed_in, people("anna"))
    person.groups.clear()
    job = finished()
    assert (job.status, GREETED) == (JobStatus.FAILED, [])
    assert "no longer have the right" in job.message


def test_without_the_right_nothing_starts(client, people_page, db):
    client.force_login(make_user())
    assert post_bulk(client, people("anna")).status_code == 403
    response = client.post(reverse("jobs:export"), {"list": "test.people", "format": "csv", "query": ""})
    assert response.status_code == 404
    assert not Job.objects.exists()


def test_invalid_fields_and_empty_selections_start_nothing(signed_in, people_page):
    ids = people("anna")
    assert post_bulk(signed_in, ids, **{"param-word": "far too long a word"}).status_code == 302
    assert post_bulk(signed_in, []).status_code == 302
    assert post_bulk(signed_in, ids, list="no.such").status_code == 404
    assert not Job.objects.exists()


def test_a_bulk_action_goes_on_where_its_worker_died(signed_in, people_page, monkeypatch):
    ids = people("anna", "bert", "cleo", "dora")
    post_bulk(signed_in, ids)
    job = Job.objects.get()
    from core.jobs.context import JobContext

    original = JobContext.progress

    def die(self, processed, total=None):
        if processed == 4:
            raise KeyboardInterrupt
        original(self, processed, total)

    monkeypatch.setattr(JobContext, "progress", die)
    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk)
    monkeypatch.undo()
    Job.objects.update(status=JobStatus.QUEUED)
    job = finished()
    assert GREETED[0] == ids[:2]
    assert ids[0] not in [pk for chunk in GREETED[1:] for pk in chunk], "done rows aren't done again"
    assert (job.succeeded, job.processed) == (4, 4)


def export(client, **data) -> Job:
    client.post(reverse("jobs:export"), {"list": "test.people", "format": "csv", "query": "", "columns": "", **data})
    return finished()


def read_csv(job: Job) -> list[list[str]]:
    text = files.path_of(job.output_file).read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "Excel needs the mark"
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))


def test_an_export_has_the_columns_and_rows_of_the_page(signed_in, people_page, person):
    people("anna", "secret-agent")
    job = export(signed_in, columns="first_name,username,email")
    assert read_csv(job) == [["First name", "Name"], ["First anna", "anna"], ["", person.username]]
    assert (job.status, job.succeeded, job.total, job.output_name) == (JobStatus.DONE, 2, 2, "test-people.csv")
    assert AuditEntry.objects.filter(action="jobs.export_started", subject_id=job.pk).exists()


def test_a_workbook_keeps_types(signed_in, people_page, person):
    job = export(signed_in, format="xlsx")
    rows = CalamineWorkbook.from_path(str(files.path_of(job.output_file))).get_sheet_by_index(0).to_python()
    assert rows[0] == ["Name", "First name", "Since"]
    assert rows[1][0] == person.username
    assert rows[1][2] == timezone.make_naive(person.date_joined, person.zone).replace(microsecond=0)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@A1", "＝1", "＋1", "－1", "＠A1", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"]
)
def test_what_looks_like_a_formula_stays_a_text(text):
    assert csv_value(text) == f"'{text}"
    assert xlsx_value(text) == text


def test_numbers_dates_and_truth_are_written_as_such():
    at = datetime(2026, 3, 2, 8, 0, 0, 5, tzinfo=UTC)
    values = [None, True, -1, Decimal("-1.50"), date(2026, 3, 2), at, '中文, "q"']
    with timezone.override("Asia/Shanghai"):
        assert [csv_value(value) for value in values] == [
            "",
            "TRUE",
            "-1",
            "-1.50",
            "2026-03-02",
            "2026-03-02 16:00:00",
            '中文, "q"',
        ]
        assert xlsx_value(at) == datetime(2026, 3, 2, 16, 0)  # noqa: DTZ001 - Excel knows no zones


def test_a_formula_in_a_workbook_is_a_text(tmp_path):
    path = tmp_path / "a.xlsx"
    with XlsxWriter(path, ["=H"]) as writer:
        writer.row(["=1+1", "http://example.com", True, date(2026, 3, 2)])
    assert CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python() == [
        ["=H", "", "", ""],
        ["=1+1", "http://example.com", True, date(2026, 3, 2)],
    ]


@pytest.mark.parametrize("writer_class", [CsvWriter, XlsxWriter])
def test_many_rows_need_no_more_memory(tmp_path, writer_class):
    def peak(rows: int) -> int:
        tracemalloc.start()
        with writer_class(tmp_path / f"{rows}.out", ["a", "b"]) as writer:
            for number in range(rows):
                writer.row([number, "some text that is not so short"])
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)
    assert peak(20_000) < peak(1000) + 300_000


def test_too_many_rows_for_a_bulk_action_are_refused(db, people_page, person, monkeypatch):
    from core.jobs import list_jobs

    monkeypatch.setattr(list_jobs, "MAX_ROWS", 1)
    people("anna", "bert")
    params = {"list": "test.people", "action": "greet", "query": "", "ids": None, "fields": {"param-word": ["Hi"]}}
    job = start_job(kind=BULK_ACTION, params=params, actor=SYSTEM)
    Job.objects.update(created_by=person)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "Narrow the filters" in job.message


def test_a_finished_export_shows_its_file_and_no_empty_list_of_rows(signed_in, people_page):
    signed_in.post(reverse("jobs:export"), {"list": "test.people", "format": "csv"})
    page = reverse("jobs:job_detail", args=[Job.objects.get().pk])
    assert "Result by row" in signed_in.get(page).content.decode()
    job = finished()
    text = signed_in.get(page).content.decode()
    assert "Result by row" not in text
    assert job.output_name in text
    with translation.override("zh-hans"):
        assert (job.heading, job.summary) == ("导出：People", "已导出 1 行。")

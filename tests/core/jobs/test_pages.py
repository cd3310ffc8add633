import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.accounts.enums import Role
from core.accounts.models import AccessScope
from core.actor import Actor
from core.jobs import files
from core.jobs.context import JobContext
from core.jobs.enums import JobStatus
from core.jobs.models import Job, JobRow
from core.jobs.reading import BULK_ACTION
from core.jobs.registry import job_kind
from core.jobs.running import run_job
from core.jobs.services import start_job
from tests.factories.accounts import make_user


@pytest.fixture
def job(kinds, actor) -> Job:
    @job_kind("test.kind", "Count", "accounts.view_personal_data")
    def count(context: JobContext) -> None:
        for number in range(1, 6):
            context.row(
                number, "error" if number == 2 else "ok", key=f"K-{number}", message="=bad" if number == 2 else ""
            )
        context.output("count.csv").write_text("a\n")

    return start_job(kind="test.kind", params={}, actor=actor)


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


def url(name: str, job: Job) -> str:
    return reverse(f"jobs:{name}", args=[job.pk])


GETS = ["job_detail", "job_progress", "job_output", "job_failed_rows"]
POSTS = ["job_cancel", "job_retry"]


def test_a_person_sees_and_minds_only_their_own_jobs(client, job):
    run_job(job.pk)
    client.force_login(make_user(Role.ORDER_CLERK))
    for name in GETS:
        assert client.get(url(name, job)).status_code == 404
    for name in POSTS:
        assert client.post(url(name, job)).status_code == 404
    assert job.title not in client.get(reverse("jobs:job_list")).content.decode()
    assert Job.objects.count() == 1


def test_a_manager_sees_everybody_s(client, job):
    run_job(job.pk)
    client.force_login(make_user(Role.OPERATIONS_MANAGER))
    for name in GETS:
        response = client.get(url(name, job))
        assert response.status_code == 200
        response.getvalue()  # reads the file to its end, which closes it
    assert job.title in client.get(reverse("jobs:job_list"), {"view": "all"}).content.decode()


def test_without_signing_in_there_is_nothing(client, job):
    for name in GETS:
        assert client.get(url(name, job)).status_code == 302


def test_the_page_renews_itself_until_the_job_is_finished(signed_in, job):
    page = signed_in.get(url("job_detail", job)).content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert "HX-Refresh" not in signed_in.get(url("job_progress", job)).headers
    run_job(job.pk)
    response = signed_in.get(url("job_progress", job))
    assert response["HX-Refresh"] == "true"
    page = signed_in.get(url("job_detail", job)).content.decode()
    assert "every 1s" not in page
    assert "K-2" in page
    assert url("job_output", job) in page


def test_rows_are_filtered_and_paged(signed_in, job):
    run_job(job.pk)
    page = signed_in.get(url("job_detail", job), {"outcome": "error"}).content.decode()
    assert "K-2" in page
    assert "K-3" not in page
    JobRow.objects.bulk_create(JobRow(job=job, row_number=n, outcome="ok", key=f"N-{n}") for n in range(10, 250))
    first = signed_in.get(url("job_detail", job), {"rows": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "after=104" in first
    assert "<html" not in first
    second = signed_in.get(url("job_detail", job), {"after": "104"}).content.decode()
    assert "N-105" in second
    assert "N-104" not in second


def test_failed_rows_come_as_csv_without_formulas(signed_in, job):
    run_job(job.pk)
    response = signed_in.get(url("job_failed_rows", job))
    lines = b"".join(response).decode("utf-8-sig").splitlines()
    assert lines == ['"Row","Key","Field","Reason"', '"2","K-2","","\'=bad"']
    assert "attachment" in response["Content-Disposition"]


def test_failed_rows_of_an_import_have_their_own_columns_and_are_to_be_mended_first(signed_in, kinds, actor, tmp_path):
    @job_kind("test.kind", "Import people")
    def read_people(context: JobContext) -> None:
        context.row(2)
        context.row(3, "error", field="Phone", message="too short", data={"also": [4]})

    source = tmp_path / "people.csv"
    source.write_text("Name,Phone,Why it failed\nAnn,1,\n=Bob,+2,old\nCleo,3,\n")
    job = start_job(kind="test.kind", params={}, actor=actor, input_file=source)
    run_job(job.pk)
    lines = b"".join(signed_in.get(url("job_failed_rows", job))).decode("utf-8-sig").splitlines()
    assert lines == [
        '"Name","Phone","Why it failed"',
        '"\'=Bob","\'+2","Phone: too short"',
        '"Cleo","3","Phone: too short"',
    ]
    page = signed_in.get(url("job_detail", job))
    assert page.context["primary"].url == url("job_failed_rows", job)
    assert url("job_retry", job) in [action.url for action in page.context["menu_actions"]]
    Job.objects.filter(pk=job.pk).update(input_file="")
    assert b"".join(signed_in.get(url("job_failed_rows", job))).decode("utf-8-sig").startswith('"Row","Key"')


def test_a_job_with_failures_is_not_simply_done(signed_in, job):
    run_job(job.pk)
    for address in (url("job_detail", job), reverse("jobs:job_list") + "?view=all", reverse("jobs:panel")):
        page = signed_in.get(address).content.decode()
        assert "Done with failures" in page, address
    Job.objects.update(failed=0)
    assert "Done with failures" not in signed_in.get(url("job_detail", job)).content.decode()


def test_an_action_on_many_rows_leads_back_to_its_list_with_its_filters(signed_in, people_page, actor):
    params = {"list": "test.people", "action": "greet", "query": "q=ann&sort=-id", "ids": [], "fields": {}}
    job = start_job(kind=BULK_ACTION, params=params, actor=actor)
    Job.objects.update(status=JobStatus.DONE)
    page = signed_in.get(url("job_detail", job))
    assert page.context["primary"].url == reverse("jobs:job_list") + "?q=ann&sort=-id"
    Job.objects.update(failed=1)
    assert "?q=ann&amp;sort=-id" in signed_in.get(url("job_detail", job)).content.decode()


def test_the_result_is_served_as_an_attachment(signed_in, job):
    assert signed_in.get(url("job_output", job)).status_code == 404
    run_job(job.pk)
    response = signed_in.get(url("job_output", job))
    assert b"".join(response) == b"a\n"
    assert response["Content-Disposition"] == 'attachment; filename="count.csv"'
    job.refresh_from_db()
    files.delete(job.output_file)
    assert signed_in.get(url("job_output", job)).status_code == 404


def test_cancelling_and_trying_again(signed_in, job, person):
    signed_in.post(url("job_cancel", job))
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    response = signed_in.post(url("job_retry", job))
    again = Job.objects.latest("id")
    assert again.retry_of == job
    assert response.url == url("job_detail", again)
    person.groups.clear()
    assert signed_in.post(url("job_retry", job)).status_code == 403
    assert Job.objects.count() == 2


def test_what_one_may_no_longer_read_is_not_tried_again(signed_in, job, person):
    """An import into a channel that was taken from the person meanwhile."""
    Job.objects.filter(pk=job.pk).update(params={"channel_id": 7})
    run_job(job.pk)
    AccessScope.objects.create(user=person, kind="channel", object_id=8)
    assert signed_in.post(url("job_retry", job)).status_code == 403
    AccessScope.objects.create(user=person, kind="channel", object_id=7)
    assert signed_in.post(url("job_retry", job)).status_code == 302
    assert Job.objects.count() == 2


def test_the_top_bar_shows_what_runs(signed_in, job):
    assert job.title in signed_in.get(reverse("jobs:panel")).content.decode()
    assert signed_in.get(reverse("ui:counts")).json()["jobs"] == "1"


def test_the_list_costs_the_same_for_one_and_three(client, job):
    client.force_login(make_user(Role.OPERATIONS_MANAGER))

    def cost() -> int:
        client.get(reverse("jobs:job_list"), {"view": "all"})  # the first call remembers the rows in the session
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("jobs:job_list"), {"view": "all"})
        return len(captured)

    one = cost()
    for _number in range(2):
        start_job(kind="test.kind", params={}, actor=Actor.for_user(make_user()))
    assert cost() == one

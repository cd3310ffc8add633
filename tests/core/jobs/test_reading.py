"""What a job holds is read under the rights that a person has when they read it."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from core.accounts.models import AccessScope, User
from core.accounts.selectors import scope_ids
from core.actor import Actor
from core.jobs.context import JobContext
from core.jobs.models import Job
from core.jobs.reading import BULK_ACTION, EXPORT, may_read
from core.jobs.registry import job_kind
from core.jobs.running import run_job
from core.jobs.services import start_job
from tests.factories.accounts import make_user

FILES = ("job_output", "job_failed_rows")


def again(user: User) -> User:
    """As the next request sees the person."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def reader(db) -> User:
    """Somebody with the rights of the list by name, so that a test can withdraw one."""
    user = make_user()
    for codename in ("view_personal_data", "manage_api_keys"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    return again(user)


def export(user: User, *columns: str) -> Job:
    params = {"list": "test.people", "query": "", "columns": list(columns), "format": "csv"}
    job = start_job(kind=EXPORT, params=params, actor=Actor.for_user(user))
    run_job(job.pk)
    job.refresh_from_db()
    assert job.output_file, job.message
    return job


def withdraw(user: User, codename: str) -> None:
    user.user_permissions.remove(Permission.objects.get(codename=codename))


def test_an_export_isnt_downloaded_after_the_right_to_its_list_was_withdrawn(client, people_page, reader):
    job = export(reader, "username")
    client.force_login(reader)
    downloaded = client.get(reverse("jobs:job_output", args=[job.pk]))
    assert reader.username in b"".join(downloaded.streaming_content).decode()
    withdraw(reader, "view_personal_data")
    for name in FILES:
        assert client.get(reverse(f"jobs:{name}", args=[job.pk])).status_code == 403
    page = client.get(reverse("jobs:job_detail", args=[job.pk])).content.decode()
    assert reverse("jobs:job_output", args=[job.pk]) not in page
    assert "no longer have the rights" in page


def test_an_export_with_a_column_that_is_no_longer_shown_isnt_downloaded(people_page, reader):
    plain, with_mail = export(reader, "username"), export(reader, "username", "email")
    assert may_read(again(reader), with_mail)
    withdraw(reader, "manage_api_keys")
    assert not may_read(again(reader), with_mail)
    assert may_read(again(reader), plain)


def test_an_export_with_personal_data_needs_the_right_to_it_still(people_page, reader, monkeypatch):
    job = export(reader, "username")
    monkeypatch.setattr(people_page, "permission", "")
    assert may_read(again(reader), job)
    withdraw(reader, "view_personal_data")
    assert not may_read(again(reader), job)


def test_an_export_from_before_a_person_was_limited_isnt_downloaded(people_page, reader):
    before = export(reader, "username")
    AccessScope.objects.create(user=reader, kind="warehouse", object_id=1)
    after = export(again(reader), "username")
    assert scope_ids(again(reader), "warehouse") == frozenset({1})
    assert not may_read(again(reader), before)
    assert may_read(again(reader), after)
    AccessScope.objects.create(user=reader, kind="warehouse", object_id=2)
    assert may_read(again(reader), after)


def test_the_files_of_other_jobs_need_the_right_of_their_kind(client, kinds, reader):
    @job_kind("test.upload", "Upload", "accounts.manage_api_keys")
    def upload(context: JobContext) -> None:
        context.output("result.csv").write_text("a\n")

    job = start_job(kind="test.upload", params={"warehouse_id": 1}, actor=Actor.for_user(reader))
    run_job(job.pk)
    job.refresh_from_db()
    assert may_read(again(reader), job)
    AccessScope.objects.create(user=reader, kind="warehouse", object_id=2)
    assert not may_read(again(reader), job)
    reader.access_scopes.all().delete()
    withdraw(reader, "manage_api_keys")
    client.force_login(reader)
    assert client.get(reverse("jobs:job_output", args=[job.pk])).status_code == 403


def test_rows_of_a_bulk_action_arent_shown_without_its_right(client, people_page, reader):
    params = {
        "list": "test.people",
        "action": "greet",
        "query": "",
        "ids": [reader.pk],
        "fields": {"param-word": ["Hi"]},
    }
    job = start_job(kind=BULK_ACTION, params=params, actor=Actor.for_user(reader))
    run_job(job.pk)
    client.force_login(reader)
    assert reader.username in client.get(reverse("jobs:job_detail", args=[job.pk])).content.decode()
    withdraw(reader, "view_personal_data")
    page = client.get(reverse("jobs:job_detail", args=[job.pk]), headers={"HX-Request": "true"}, data={"rows": 1})
    assert reader.username not in page.content.decode()

"""A disk without room for what a browser sends: the kernel itself refuses the write, as a full disk does."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.jobs.models import Job
from tests.factories.accounts import make_user
from tests.factories.orders_intake import make_channel
from tests.security.hostile_files import MEGABYTE

pytestmark = pytest.mark.django_db

# Above FILE_UPLOAD_MAX_MEMORY_SIZE, so that Django keeps it on the disk while it reads.
CONTENT = b"sku,name\n" + b"A,x\n" * (3 * MEGABYTE // 4)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can grow above `size` bytes; the kernel says so with EFBIG, where a full disk says ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def browser(*, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks, raise_request_exception=False)
    client.force_login(make_user(Role.OPERATIONS_MANAGER, Role.BUYER), "core.accounts.backends.RoleBackend")
    return client


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("page", ["orders:import_new", "inventory:import_products", "inventory:import_stock"])
@pytest.mark.parametrize("checks", [True, False])
def test_an_upload_that_cannot_be_spooled_is_refused_with_the_reason(folder, page, checks):
    form = {"channel": make_channel(kind="manual").pk, "mode": "opening"}
    client = browser(enforce_csrf_checks=checks)
    with room_for(MEGABYTE):
        answer = client.post(reverse(page), {**form, "file": SimpleUploadedFile("a.csv", CONTENT)})
    assert answer.status_code == 507
    assert "no room" in answer.content.decode()
    assert (kept(folder), Job.objects.count()) == ([], 0)


def test_a_visitor_s_file_is_read_past_and_never_kept(folder):
    """Without room for a file, too, the answer is that of the page: no public page takes any."""
    client = Client(raise_request_exception=False)
    with room_for(MEGABYTE):
        form = client.post("/login/", {"file": SimpleUploadedFile("a.csv", CONTENT)})
        page = client.post(reverse("orders:import_new"), {"file": SimpleUploadedFile("a.csv", CONTENT)})
    assert form.status_code == 422
    assert page.status_code == 302
    assert page["Location"].startswith(reverse("accounts:sign_in"))
    assert kept(folder) == []


def test_a_folder_that_is_gone_is_a_reason_too(folder, settings):
    settings.FILE_UPLOAD_TEMP_DIR.rmdir()
    answer = browser().post(reverse("orders:import_new"), {"file": SimpleUploadedFile("a.csv", CONTENT)})
    assert answer.status_code == 507
    assert "Tell an administrator" in answer.content.decode()


def test_the_answer_is_there_only_after_the_request_was_taken(folder):
    """Else the browser sees a broken connection instead of the reason."""
    client = browser()
    with room_for(MEGABYTE):
        answer = client.post(reverse("orders:import_new"), {"file": SimpleUploadedFile("a.csv", CONTENT)})
    assert answer.wsgi_request.read(1) == b""


def test_two_files_that_cannot_be_joined_are_refused_with_the_reason(folder, monkeypatch):
    """Each file fits, what is made of them doesn't."""
    orders = "订单编号,买家会员名,收货人姓名\n" + "".join(f"{n},b,n\n" for n in range(20_000))
    lines = "主订单编号,标题,价格,购买数量,外部系统编号\n" + "".join(f"{n},t,1.00,1,A\n" for n in range(20_000))
    form = {
        "channel": make_channel(kind="manual").pk,
        "file": SimpleUploadedFile("orders.csv", orders.encode()),
        "lines_file": SimpleUploadedFile("lines.csv", lines.encode()),
    }
    client = browser()
    with room_for(len(lines.encode()) + 1000):
        answer = client.post(reverse("orders:import_new"), form)
    assert answer.status_code == 422
    assert "no room" in answer.content.decode()
    assert (kept(folder), Job.objects.count()) == ([], 0)

"""Files that people upload, through the pages where they do: refused with a reason, or read for what they are."""

import csv
import io
import resource
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.accounts.enums import Role
from core.actor import Actor
from core.jobs import files
from core.jobs.enums import JobStatus
from core.jobs.models import Job
from core.jobs.reading import EXPORT
from core.jobs.running import run_job
from core.jobs.services import start_job
from core.tabular import TabularError, open_table
from inventory.models import Sku
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders_intake import make_channel
from tests.security.hostile_files import MEGABYTE, REFUSED, workbook

pytestmark = pytest.mark.django_db

ORDER_COLUMNS = {
    "column-external_id": "order",
    "column-placed_at": "placed",
    "column-customer.name": "buyer",
    "column-lines.sku": "sku",
    "column-lines.name": "name",
    "column-lines.quantity": "quantity",
    "column-lines.unit_price": "price",
    "repeated_rows": "keep",
    "preset": "",
}
HEADER = ("order", "placed", "buyer", "sku", "name", "quantity", "price")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return tmp_path


@pytest.fixture
def manager():
    return make_user(Role.OPERATIONS_MANAGER, Role.BUYER)


@pytest.fixture
def client(manager) -> Client:
    client = Client()
    client.force_login(manager, "core.accounts.backends.RoleBackend")
    return client


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def import_orders(client: Client, content: bytes) -> Job:
    """Upload, choose the columns, run the job."""
    upload = SimpleUploadedFile("orders.csv", content)
    answer = client.post(reverse("orders:import_new"), {"channel": make_channel(kind="manual").pk, "file": upload})
    assert answer.status_code == 302, answer.content.decode()
    answer = client.post(answer["Location"], ORDER_COLUMNS)
    assert answer.status_code == 302, answer.content.decode()
    job = run_job(Job.objects.latest("pk").pk)
    assert job is not None
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_of_orders_is_refused_with_the_reason(client, folder, what):
    make, reason = REFUSED[what]
    form = {"channel": make_channel(kind="manual").pk, "file": SimpleUploadedFile("orders.csv", make())}
    answer = client.post(reverse("orders:import_new"), form)
    page = answer.content.decode()
    if answer.status_code == 302:  # what is wrong comes further down than the page looked
        answer = client.post(answer["Location"], ORDER_COLUMNS)
        page = client.get(answer["Location"]).content.decode()
    else:
        assert answer.status_code == 422
        assert kept(folder) == []
    assert reason in page
    assert not Job.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize("kind", ["import_products", "import_stock"])
@pytest.mark.parametrize("what", REFUSED)
def test_a_file_of_the_catalogue_is_refused_with_the_reason(client, kind, what):
    make, reason = REFUSED[what]
    form = {"file": SimpleUploadedFile("catalogue.csv", make()), "mode": "opening"}
    answer = client.post(reverse(f"inventory:{kind}"), form)
    if answer.status_code == 422:
        assert reason in answer.content.decode()
        assert not Job.objects.exists()
    else:
        job = run_job(Job.objects.get().pk)
        job.refresh_from_db()
        assert job.status == JobStatus.FAILED
        assert reason in client.get(answer["Location"]).content.decode()
    assert not Sku.objects.exists()


class Stream(io.RawIOBase):
    """A request's body of any size, of which only the piece being read exists."""

    def __init__(self, head: bytes, filling: bytes, size: int, tail: bytes) -> None:
        self.pieces = [head, *([filling * (MEGABYTE // len(filling))] * (size // MEGABYTE)), tail]
        self.length = sum(map(len, self.pieces))
        self.left = b""

    def read(self, size: int = -1) -> bytes:
        while self.pieces and (size < 0 or len(self.left) < size):
            self.left += self.pieces.pop(0)
        taken, self.left = (self.left, b"") if size < 0 else (self.left[:size], self.left[size:])
        return taken


def upload(client: Client, url: str, size: int, fields: dict[str, str]) -> tuple[int, str, float]:
    """Status, page and how many MB the peak of the memory rose for a file of `size` bytes."""
    parts = [f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    parts.append('--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n')
    stream = Stream("".join(parts).encode(), b"sku,name\n", size, b"\r\n--B--\r\n")
    before = peak()
    environ = {
        "PATH_INFO": url,
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
        "CONTENT_LENGTH": str(stream.length),
        "wsgi.input": stream,
    }
    answer = client.request(**environ)
    return answer.status_code, answer.content.decode(), peak() - before


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_file_above_the_limit_is_refused_before_it_is_kept(client, folder):
    channel = make_channel(kind="manual")
    size = 202 * MEGABYTE
    status, page, grown = upload(client, reverse("orders:import_new"), size, {"channel": str(channel.pk)})
    assert status == 413
    assert "larger than 200 MB" in page
    assert kept(folder) == []
    assert grown < 20


def test_a_file_at_the_limit_needs_little_memory(client, folder):
    channel = make_channel(kind="manual")
    size = 198 * MEGABYTE
    status, page, grown = upload(client, reverse("orders:import_new"), size, {"channel": str(channel.pk)})
    assert status == 302, page
    assert grown < 40


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "9" * 5000])
def test_lengths_that_are_none(client, length):
    assert client.request(PATH_INFO="/orders/", REQUEST_METHOD="POST", CONTENT_LENGTH=length).status_code == 400


def test_visitors_cannot_fill_the_disk_either(folder):
    status, _page, _grown = upload(Client(), "/login/", 202 * MEGABYTE, {})
    assert status in (302, 413)
    assert kept(folder) == []


def test_an_open_quotation_mark_of_50_megabytes_needs_little_memory(tmp_path):
    path = tmp_path / "open.csv"
    with path.open("wb") as out:
        out.write(b'sku,name\nA,"')
        for _ in range(50):
            out.write(b"x\n" * (MEGABYTE // 2))
    before = peak()
    with pytest.raises(TabularError, match="quotation mark"), open_table(path) as table:
        list(table)
    assert peak() - before < 40


ENCODINGS = {
    "utf-8": "Zoë 苹果",
    "utf-8-sig": "Zoë 苹果",
    "utf-16": "Zoë 苹果",
    "gbk": "苹果手机",
    "latin-1": "Zoë Café £5",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_names_survive_every_usual_encoding(client, encoding):
    name = ENCODINGS[encoding]
    rows = [",".join(HEADER), f"1,2025-03-01 09:30,{name},A,{name},1,2.00"]
    import_orders(client, "\n".join(rows).encode(encoding))
    assert Order.objects.get().lines.get().name == name


FORMULAS = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", '=HYPERLINK("http://x.example","y")', "＝1", "\t=1"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_formulas_stay_text_on_the_way_in_and_out(client, manager, formula, kind):
    row = ("1", "2025-03-01 09:30", formula, "A", formula, "1", "2.00")
    import_orders(client, _file(kind, HEADER, row))
    order = Order.objects.get()
    assert order.lines.get().name == formula.strip()
    assert order.customer.name == formula.strip()
    shown = _export(manager, "csv")
    cells = [cell for line in csv.reader(io.StringIO(shown.read_text("utf-8-sig"))) for cell in line]
    assert f"'{formula.strip()}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]
    with open_table(_export(manager, "xlsx"), clean=False) as table:
        assert formula.strip() in next(iter(table)).cells


def _file(kind: str, *rows: tuple[str, ...]) -> bytes:
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()
    return workbook(*rows)


def _export(manager, kind: str) -> Path:
    params = {"list": "orders.order", "query": "view=all", "columns": ["number", "customer"], "format": kind}
    job = run_job(start_job(kind=EXPORT, params=params, actor=Actor.for_user(manager)).pk)
    job.refresh_from_db()
    return files.path_of(job.output_file)


def test_a_cell_of_a_million_in_a_workbook_is_refused_with_its_row(client):
    content = workbook(HEADER, ("1", "2025-03-01 09:30", "Ann", "A", "x" * 32_767, "1", "2.00"))
    job = import_orders(client, content)
    page = client.get(reverse("jobs:job_detail", args=[job.pk])).content.decode()
    assert "is longer than 255 characters" in page
    assert not Order.objects.exists()

from io import StringIO
from pathlib import Path

import pytest
import xlsxwriter
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM
from core.jobs.models import Job
from core.jobs.running import run_job
from core.jobs.services import start_job
from inventory.models import Sku, SkuAlias, SkuBarcode, StockLevel, StockMovement
from inventory.services import reserve
from tests.factories.inventory import claim, level, make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def run(kind: str, content: bytes | Path, tmp_path: Path, **params) -> Job:
    path = content if isinstance(content, Path) else tmp_path / "upload.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    job = run_job(start_job(kind=kind, params=params, actor=SYSTEM, input_file=path).pk)
    assert job is not None
    job.refresh_from_db()
    return job


def products(content: bytes | Path, tmp_path: Path, **params) -> Job:
    return run("inventory.import_products", content, tmp_path, **params)


def counts(job: Job) -> tuple[int, int, int]:
    return job.succeeded, job.skipped, job.failed


def errors(job: Job) -> list[tuple[int, str]]:
    return list(job.rows.filter(outcome="error").values_list("row_number", "field"))


class TestProducts:
    def test_chinese_file_in_gb18030(self, tmp_path):
        text = (
            "商品编码,商品名称,条码,售价,重量(g),平台编码,状态,库位\n"
            '="00123",陶瓷杯,\t6901234567892,¥12.50,350,taobao:TB-1；JD9,在售,A-01\n'
        )
        job = products(text.encode("gb18030"), tmp_path)
        assert (job.status, counts(job), errors(job)) == ("done", (1, 0, 0), [])
        sku = Sku.objects.get()
        assert (sku.code, sku.name, str(sku.unit_price), sku.weight_g, sku.bin_location) == (
            "00123",
            "陶瓷杯",
            "12.5000",
            350,
            "A-01",
        )
        assert SkuBarcode.objects.get().gtin == "06901234567892"
        assert sorted(map(str, SkuAlias.objects.all())) == ["JD9", "taobao:TB-1"]

    def test_every_bad_row_says_field_and_reason_and_the_others_are_taken(self, tmp_path):
        rows = [
            "sku,name,price,barcode,currency,stocked,weight_g,status",
            "A,Good,1.5,,CNY,yes,10,active",
            ",No code,1,,,,,",
            "=CMD(1),Formula,1,,,,,",
            "B,Bad price,cheap,,,,,",
            "C,Bad barcode,1,6901234567890,,,,",
            "D,Bad currency,1,,XXL,,,",
            "E,Bad yes,1,,,perhaps,,",
            "F,Bad weight,1,,,,1.5,",
            "G,,1,,,,,",
            'H,"More, cells",1,,,,,,extra',
            "I,Bad status,1,,,,,gone",
            "J,Too dear,99999999999,,,,,",
        ]
        job = products("\n".join(rows).encode(), tmp_path)
        assert errors(job) == [
            (3, "sku"),
            (4, "sku"),
            (5, "price"),
            (6, "barcode"),
            (7, "currency"),
            (8, "stocked"),
            (9, "weight_g"),
            (10, "name"),
            (11, ""),
            (12, "status"),
            (13, "price"),
        ]
        assert counts(job) == (1, 0, 11)
        assert "it would be 2" in job.rows.get(row_number=6).message
        assert list(Sku.objects.values_list("code", flat=True)) == ["A"]

    def test_again_changes_nothing_and_says_so(self, tmp_path):
        content = b"sku,name,price\nA,Mug,1.50\nB,Cup,2\n"
        assert counts(products(content, tmp_path)) == (2, 0, 0)
        assert counts(products(content, tmp_path)) == (0, 2, 0)
        assert counts(products(b"sku,price\na,1.75\nB,2\n", tmp_path)) == (1, 1, 0)
        assert str(Sku.objects.get(code="A").unit_price) == "1.7500"

    def test_rows_about_the_same_sku_add_up(self, tmp_path):
        content = b"sku,name,barcode\nA,Mug,5012345678900\na,,4006381333931\n"
        assert counts(products(content, tmp_path)) == (2, 0, 0)
        assert SkuBarcode.objects.filter(sku=Sku.objects.get()).count() == 2

    def test_workbook(self, tmp_path):
        path = tmp_path / "products.xlsx"
        book = xlsxwriter.Workbook(str(path))
        sheet = book.add_worksheet()
        for place, cells in enumerate([("SKU", "Name", "Barcode"), ("A", "Mug", 5012345678900)]):
            sheet.write_row(place, 0, cells)
        book.close()
        assert counts(products(path, tmp_path)) == (1, 0, 0)
        assert SkuBarcode.objects.get().gtin == "05012345678900"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"name,price\nMug,1\n", "no column “sku”"),
            (b"\x00\x01", "neither a text file"),
            (b"", "empty"),
            (b"PK\x03\x04 broken", "damaged"),
        ],
    )
    def test_a_file_that_cannot_be_read_fails_the_job_with_the_reason(self, tmp_path, content, words):
        job = products(content, tmp_path)
        assert job.status == "failed"
        assert words in job.message

    def test_columns_that_nobody_uses_are_named(self, tmp_path):
        assert "Colour" in products(b"sku,name,Colour\nA,Mug,red\n", tmp_path).message

    def test_statements_grow_by_batch_not_by_row(self, tmp_path):
        def statements(first: int, count: int) -> int:
            rows = "".join(f"S{n},Thing {n}\n" for n in range(first, first + count))
            with CaptureQueriesContext(connection) as queries:
                products(f"sku,name\n{rows}".encode(), tmp_path)
            return len(queries)

        assert statements(0, 2) == statements(10, 400)

    def test_a_second_run_of_the_same_job_repeats_no_row(self, tmp_path):
        job = products(b"sku,name\nA,Mug\n", tmp_path)
        Job.objects.filter(pk=job.pk).update(status="queued")
        run_job(job.pk)
        job.refresh_from_db()
        assert counts(job) == (1, 0, 0)
        assert job.rows.count() == 1

    def test_only_the_failed_rows_on_retry(self, tmp_path):
        job = products(b"sku,name\nA,Mug\nB,Cup\n", tmp_path, only_rows=[3])
        assert counts(job) == (1, 0, 0)
        assert Sku.objects.get().code == "B"


class TestStock:
    def test_opening_stock_once(self, tmp_path):
        warehouse, mug, cup = make_warehouse("MAIN"), make_sku("MUG"), make_sku("CUP")
        content = b"warehouse,sku,quantity,safety\nmain,mug,10,2\nMAIN,CUP,0,\n"
        assert counts(run("inventory.import_stock", content, tmp_path, mode="opening")) == (2, 0, 0)
        now = level(warehouse, mug)
        assert (now.on_hand, now.safety, now.available) == (10, 2, 8)
        assert level(warehouse, cup).on_hand == 0
        assert StockMovement.objects.get().kind == "opening"
        assert counts(run("inventory.import_stock", content, tmp_path, mode="opening")) == (1, 1, 0)
        assert level(warehouse, mug).on_hand == 10

    def test_count_corrects_and_respects_reservations(self, tmp_path):
        warehouse = make_warehouse("MAIN")
        more, less, same, reserved = (make_sku(code) for code in ("MORE", "LESS", "SAME", "RES"))
        for sku in (more, less, same, reserved):
            stock(warehouse, sku, 10)
        reserve([claim(warehouse, reserved, 5, 1)])
        content = "SKU,数量,备注\nMORE,12,found\nLESS,7,\nSAME,10,\nRES,4,\n".encode()
        job = run("inventory.import_stock", content, tmp_path, mode="count", warehouse="MAIN")
        assert (counts(job), errors(job)) == ((2, 1, 1), [(5, "quantity")])
        assert [level(warehouse, sku).on_hand for sku in (more, less, same, reserved)] == [12, 7, 10, 10]
        assert list(StockMovement.objects.filter(kind="count").order_by("id").values_list("quantity", "reason")) == [
            (2, "found"),
            (-3, "Stock count"),
        ]

    def test_bad_rows(self, tmp_path):
        make_warehouse("MAIN")
        make_sku("MUG")
        make_sku("POST", is_stocked=False)
        rows = ["warehouse,sku,quantity", "MAIN,MUG,1", "MAIN,MUG,2", "NOWHERE,MUG,1", "MAIN,NONE,1", "MAIN,POST,1"]
        rows += ["MAIN,MUG,-1", "MAIN,MUG,1.5", "MAIN,MUG,99999999999"]
        job = run("inventory.import_stock", "\n".join(rows).encode(), tmp_path, mode="opening")
        assert errors(job) == [
            (3, "sku"),
            (4, "warehouse"),
            (5, "sku"),
            (6, "sku"),
            (7, "quantity"),
            (8, "quantity"),
            (9, "quantity"),
        ]
        assert StockLevel.objects.get().on_hand == 1

    def test_commands_print_rows_and_exit_with_1(self, tmp_path):
        make_warehouse("MAIN")
        goods, counted = tmp_path / "goods.csv", tmp_path / "stock.csv"
        goods.write_text("sku,name\nMUG,Mug\n")
        counted.write_text("sku,quantity\nMUG,3\nNONE,1\n")
        out = StringIO()
        call_command("import_products", goods, stdout=out)
        assert out.getvalue() == "1 rows: 1 done, 0 skipped, 0 failed.\n"
        out = StringIO()
        with pytest.raises(SystemExit):
            call_command("import_stock", counted, warehouse="MAIN", stdout=out)
        assert "row 3: sku: NONE: SKU or barcode “NONE” isn't known." in out.getvalue()
        assert "2 rows: 1 done, 0 skipped, 1 failed." in out.getvalue()

import gzip
import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from core.actor import SYSTEM
from core.jobs.failed_rows import failed_rows_csv
from core.jobs.models import Job, JobRow
from core.jobs.running import run_job
from core.tabular import TabularError, open_table
from core.tabular.header import fold
from inventory.models import Sku, StockLevel
from orders.importing import assemble
from orders.importing.assemble import Assembler
from orders.importing.cells import fitting_formats, is_moment, moment_reader, number, split_address, unit_price
from orders.importing.headings import HEADINGS
from orders.importing.mapping import Options
from orders.importing.presets import PRESETS, detect
from orders.models import Channel, IntakeMessage, Order, OrderLine
from orders.services.import_orders import mapping_from
from orders.services.import_start import join_files, start_import, suggest_mapping
from orders.services.validate import validate_batch
from tests.factories.orders_intake import make_channel
from tests.orders.intake.files import UCI, run, uci

SHARED = Path(__file__).parents[4] / "shared" / "data" / "orders" / "uci_online_retail_to_2011-08.csv.gz"
pytestmark = pytest.mark.django_db(transaction=True)


def test_every_row_is_accounted_for_and_again_adds_nothing(write: Callable[..., Path]) -> None:
    path = write(UCI)
    said, code = uci(path, "--create-catalogue", "--opening-stock", "150")
    assert "Lines: 10 read = 5 accepted + 1 duplicate + 4 rejected" in said
    assert "Orders: 8 read = 4 accepted + 0 duplicate + 4 rejected" in said
    assert "row 10: 7: Quantity must be a whole number" in said
    assert code == 1
    assert set(Order.objects.values_list("external_id", flat=True)) == {"1", "2", "6", "8"}
    first = Order.objects.get(external_id="1")
    assert (first.total, first.line_count, first.currency) == (Decimal("17.30"), 2, "GBP")
    assert Order.objects.get(external_id="2").ship_country == "IE"
    assert Order.objects.get(external_id="6").ship_country == ""
    outcomes = [(number, row.outcome) for row in JobRow.objects.all() for number in row.row_numbers]
    assert len(outcomes) == 10
    assert dict(outcomes) == {
        2: "ok", 3: "ok", 4: "ok", 5: "skipped", 6: "skipped", 7: "skipped", 8: "skipped", 9: "ok", 10: "error",
        11: "ok",
    }  # fmt: skip
    assert IntakeMessage.objects.filter(outcome="rejected").count() == 1

    said, code = uci(path)
    assert "Lines: 10 read = 0 accepted + 6 duplicate + 4 rejected" in said
    assert (Order.objects.count(), OrderLine.objects.count()) == (4, 5)


def test_a_file_without_faults_ends_with_zero(write: Callable[..., Path]) -> None:
    text = "".join(line for line in UCI.splitlines(keepends=True) if not line.startswith("7,"))
    assert uci(write(text))[1] == 0


def test_the_catalogue_is_made_from_the_orders(write: Callable[..., Path]) -> None:
    uci(write(UCI), "--create-catalogue", "--opening-stock", "150")
    skus = {sku.code: sku for sku in Sku.objects.all()}
    assert set(skus) == {"A-1", "B-1", "POST"}
    assert (skus["A-1"].name, skus["A-1"].unit_price, skus["A-1"].currency) == ("MUG", Decimal("2.55"), "GBP")
    assert not skus["POST"].is_stocked
    levels = {level.sku.code: level.on_hand for level in StockLevel.objects.select_related("sku")}
    assert levels == {"A-1": 12, "B-1": 3}  # half as much again as 6 + 1 + 1 and 2, rounded up
    assert OrderLine.objects.filter(sku=None).count() == 0
    assert OrderLine.objects.get(order__external_id="8").sku == skus["A-1"]


def test_compressed_files_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(UCI.encode()))
    assert "5 accepted" in uci(path)[0]


def test_what_the_command_needs(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no channel nowhere"):
        call_command("import_orders", str(write(UCI)), "--channel", "nowhere")
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_orders", str(tmp_path / "x.csv"), "--channel", "uci", "--create-channel")
    with pytest.raises(CommandError, match="no column for"):
        call_command("import_orders", str(write("a,b\n1,2\n")), "--channel", "uci", "--create-channel")
    with pytest.raises(CommandError, match="empty"):
        call_command("import_orders", str(write("")), "--channel", "uci", "--create-channel")


def test_orders_scattered_over_the_file_are_put_together(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "OPEN_ORDERS", 2)
    head, *rows = UCI.splitlines(keepends=True)
    scattered = head + rows[0] + "".join(rows[2:]) + rows[1]
    said, _code = uci(write(scattered), "--create-catalogue", "--opening-stock", "100")
    assert "Lines: 10 read = 5 accepted + 1 duplicate + 4 rejected" in said
    assert Order.objects.get(external_id="1").line_count == 2
    assert {level.sku.code: level.on_hand for level in StockLevel.objects.select_related("sku")} == {"A-1": 8, "B-1": 2}


def test_neighbours_are_the_same_orders_in_the_same_order(write: Callable[..., Path]) -> None:
    path = write(UCI)
    with open_table(path) as table:
        last_rows = dict(Assembler(PRESETS["uci"].mapping, table.header).keys(table))
    with open_table(path) as table:
        orders = list(Assembler(PRESETS["uci"].mapping, table.header).orders(table, last_rows))
    with open_table(path) as table:
        assert list(Assembler(PRESETS["uci"].mapping, table.header).neighbours(table)) == orders


def test_orders_are_validated_while_the_file_is_read(write: Callable[..., Path]) -> None:
    uci(write(UCI), "--create-catalogue")
    assert set(Order.objects.values_list("external_id", "status")) == {
        ("1", "approved"), ("2", "approved"), ("6", "approved"), ("8", "approved"),
    }  # fmt: skip
    assert not Order.objects.filter(validate_due_at__isnull=False).exists()


def test_orders_that_cant_be_validated_at_once_wait_for_the_stage(write: Callable[..., Path]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order ADD CONSTRAINT broken CHECK (status <> 'approved')")
    try:
        said, _code = uci(write(UCI), "--create-catalogue")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT broken")
    assert "Lines: 10 read = 5 accepted + 1 duplicate + 4 rejected" in said
    assert Order.objects.filter(status="pending_review", validate_due_at__isnull=False).count() == 4
    assert validate_batch(500) == 4
    assert Order.objects.filter(status="approved").count() == 4


def test_a_row_with_too_many_cells_fails_its_order_only(write: Callable[..., Path]) -> None:
    text = "external_id,placed_at,lines.sku,lines.quantity,lines.unit_price\n"
    text += "A,2025-01-01,S,1,2\nB,2025-01-01,S,1,2,surplus\n"
    path = write(text)
    job = run(make_channel(), path, PRESETS["canonical"].mapping)
    assert (job.succeeded, job.failed) == (1, 1)


def test_our_own_columns_are_found_by_name() -> None:
    header = ["Order number", "placed_at", "SKU", "lines.quantity", "Unit price", "Whatever"]
    mapping, preset = suggest_mapping(None, header)
    assert preset is None
    assert mapping.columns == {
        "external_id": "Order number",
        "placed_at": "placed_at",
        "lines.sku": "SKU",
        "lines.quantity": "lines.quantity",
        "lines.unit_price": "Unit price",
    }
    assert not mapping.missing()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_file_of_ones_own_in_chinese(write: Callable[..., Path], encoding: str) -> None:
    text = (
        "订单号,下单时间,收货人,手机,省,市,区,详细地址,邮编,商品编码,数量,单价,实付金额,支付状态\n"
        "A-1,2026/3/1 9:05,王小明,13812345678,浙江省,杭州市,西湖区,文三路 90 号,310012,MUG,2,39,78,已付款\n"
        "A-2,2026/3/1 9:06,李小红,13812345679,广东省,深圳市,南山区,科技路 1 号,518057,MUG,1.5,39,39,未付款\n"
    )
    path, channel = write(text, "三月订单.csv", encoding), make_channel()
    mapping, preset = suggest_mapping(channel, text.splitlines()[0].split(","))
    assert (preset, mapping.missing()) == (None, [])
    job = start_import(channel=channel, path=path, name="三月订单.csv", mapping=mapping, actor=SYSTEM)
    run_job(job.pk)
    order = Order.objects.get()
    assert (order.ship_name, order.ship_city, order.ship_street) == ("王小明", "杭州市", "文三路 90 号")
    assert (order.payment_status, order.total) == ("paid", Decimal("78.00"))
    assert order.placed_at.astimezone(ZoneInfo(channel.time_zone)).isoformat()[:16] == "2026-03-01T09:05"
    row = job.rows.get(outcome="error")
    assert (row.row_number, row.field, row.message) == (3, "数量", "must be a whole number")
    job.refresh_from_db()
    assert job.input_name == "三月订单.csv"


def test_headings_in_english_are_guessed_and_none_is_guessed_twice() -> None:
    header = ["order_no", "placed at", "buyer", "phone", "country", "province", "postcode", "SKU", "Qty", "price"]
    mapping, _preset = suggest_mapping(None, header)
    assert mapping.missing() == []
    assert sorted(mapping.columns.values()) == sorted(header)
    names = [fold(name) for names in HEADINGS.values() for name in names]
    assert {name for name in names if names.count(name) > 1} == set()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026/11/2 9:01", "2026-11-02T09:01"),
        ("2026-11-02 09:01:07", "2026-11-02T09:01:07"),
        ("2026年1月5日", "2026-01-05"),
        ("2026/11/02 09:01:07+08:00", "2026-11-02 09:01:07+08:00"),
        ("not a date", "not a date"),
    ],
)
def test_moments(text: str, read: str) -> None:
    assert moment_reader(())(text) == read


@pytest.mark.parametrize("code", sorted(PRESETS))
def test_every_preset_is_complete_and_is_recognised(code: str) -> None:
    preset = PRESETS[code]
    assert preset.mapping.missing() == []
    header = list(dict.fromkeys(preset.mapping.columns.values()))
    if code != "canonical":
        assert detect([*header, "something else"]) is preset
    assert Options.from_json(preset.mapping.options.as_json()) == preset.mapping.options


SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Currency,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Phone,Shipping Name,Shipping Address1,"
    "Shipping Address2,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,"
    "Cancelled at,Payment Method,Payment Reference,Id\n"
    "#1001,a@b.de,paid,2025-03-01 10:00:05 +0100,EUR,5.00,0.00,33.00,2.00,2025-03-01 10:00:00 +0100,2,Mug,10.00,MUG,"
    "Anna,,Anna,Hauptstr. 1,,Berlin,'10115,BE,DE,,,,Card,r-1,777\n"
    "#1001,a@b.de,,,,,,,,2025-03-01 10:00:00 +0100,1,Plate,10.00,PLATE,,,,,,,,,,,,,,,\n"
)


def test_a_shopify_export(write: Callable[..., Path]) -> None:
    job = run(make_channel(), write(SHOPIFY), PRESETS["shopify_csv"].mapping)
    assert (job.succeeded, job.failed) == (2, 0), list(JobRow.objects.values_list("message", flat=True))
    order = Order.objects.get()
    assert (order.external_id, order.currency, order.total, order.discount) == ("777", "EUR", Decimal(33), Decimal(2))
    assert (order.ship_postal_code, order.payment_status, order.placed_at.hour) == ("10115", "paid", 9)
    assert order.items_total - order.discount + order.shipping_fee == order.total


DOUYIN = (
    "\ufeff主订单编号,子订单编号,选购商品,商品规格,商品数量,商家编码,订单应付金额,运费,收件人,收件人手机号,详细地址,"
    "订单提交时间,商家备注,订单状态\n"
    '"\t6917000000000000001","\t6917000000000000002",杯,白,3,MUG,100,0,##AbCdEf,$$xyz,-,2025-03-01 10:00:00,-,待发货\n'
    '"\t6917000000000000009","\t6917000000000000010",杯,白,1,MUG,10,0,王,13800138000,广东省 深圳市 南山区 科技路 1 号,'
    "2025-03-01 10:00:00,-,已关闭\n"
)


def test_a_douyin_export(write: Callable[..., Path]) -> None:
    job = run(make_channel(), write(DOUYIN), PRESETS["douyin"].mapping)
    assert (job.succeeded, job.skipped, job.failed) == (1, 1, 0)
    order = Order.objects.get()
    assert (order.external_id, order.total, order.payment_status) == ("6917000000000000001", Decimal(100), "paid")
    assert (order.ship_name, order.ship_phone, order.ship_street) == ("", "", "")
    closed = JobRow.objects.get(outcome="skipped")
    assert "已关闭" in closed.message


TAOBAO_ORDERS = (
    "订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,订单状态,"
    "买家留言,收货人姓名,收货地址 ,联系手机,订单创建时间,订单付款时间 \n"
    '="2345678901234567",wang,78.00,10.00,88.00,买家已付款，等待卖家发货,null,王小明,'
    "广东省 深圳市 南山区 粤海街道 科技路 1 号 (518000),'13800138000,2025-03-01 10:00:00,2025-03-01 10:01:00\n"
)
TAOBAO_LINES = (
    "子订单编号,主订单编号,标题,价格,购买数量,外部系统编号,商家编码,买家应付货款,订单创建时间\n"
    "1,2345678901234567,杯,40.00,2,x,MUG,72.00,2025-03-01 10:00:00\n"
    "2,2345678901234567,勺,6.00,1,x,SPOON,6.00,2025-03-01 10:00:00\n"
)


def test_taobaos_two_files(write: Callable[..., Path], tmp_path: Path) -> None:
    preset = PRESETS["taobao"]
    orders = write(TAOBAO_ORDERS, "orders.csv", "gb18030")
    lines = write(TAOBAO_LINES, "lines.csv", "gb18030")
    job = run(make_channel(), orders, preset.mapping, lines_path=lines, lines_by=preset.lines_file)
    assert (job.succeeded, job.failed) == (2, 0), list(JobRow.objects.values_list("message", flat=True))
    order = Order.objects.get()
    assert (order.total, order.items_total, order.shipping_fee) == (Decimal(88), Decimal(78), Decimal(10))
    assert (order.ship_province, order.ship_district, order.ship_postal_code) == ("广东省", "南山区", "518000")
    assert (order.ship_phone, order.buyer_note) == ("13800138000", "")
    assert preset.lines_file is not None
    with pytest.raises(TabularError, match="missing"):
        join_files(lines, orders, preset.lines_file, tmp_path)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("6.0", "6.0"),
        ("¥1,234.50", "1234.50"),
        ("12 元", "12"),
        ("abc", "abc"),
        ("", ""),
        ("10,89", "10.89"),
        ("-5,5", "-5.5"),
        ("€ 1.234,50", "1234.50"),
        ("1 234,5", "1234.5"),
        ("0,500", "0.500"),
        ("1,234", "1234"),
        ("1,234,567.89", "1234567.89"),
        ("12,34,567", "1234567"),
        ("1,2,3.4.5", "1,2,3.4.5"),
    ],
)
def test_numbers(text: str, read: str) -> None:
    assert number(text) == read


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("22.11.2026 09:14", "2026-11-22T09:14"),
        ("1.3.2026", "2026-03-01"),
        ("2026.3.1", "2026-03-01"),
        ("22/11/2026", "22/11/2026"),
    ],
)
def test_dates_with_dots_begin_with_the_day(cell: str, read: str) -> None:
    assert moment_reader(())(cell) == read
    assert is_moment(read) == (read != cell)


def test_dates_that_the_order_itself_reads_are_read() -> None:
    assert is_moment(moment_reader(())("20260301"))
    assert not is_moment(moment_reader(())("20260399"))


def test_formats_that_fit_dates() -> None:
    assert fitting_formats(["22/11/2026 09:14", "01/02/2026 10:00"]) == ["%d/%m/%Y %H:%M"]
    assert fitting_formats(["01/02/2026"])[:2] == ["%d/%m/%Y", "%m/%d/%Y"]
    assert fitting_formats(["soon"]) == []


def test_the_result_of_an_import_is_told_in_the_reader_s_language(write: Callable[..., Path]) -> None:
    job = run(make_channel(requires_payment=False), write(UCI), PRESETS["uci"].mapping)
    job.refresh_from_db()
    assert "1 line of 1 order: repeats an earlier row" in job.summary
    assert job.summary == job.message
    with translation.override("zh-hans"):
        assert "1 个订单的 1 行：" in job.summary
        assert "读取" in job.summary


FAULTS = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A-1,MUG,x,2010-12-01 08:26:00,2.55,17850,France
1,B-1,PLATE,1,2010-12-01 08:26:00,free,17850,France
2,A-1,MUG,y,2010-12-01 08:26:00,2.55,17850,France
3,A-1,MUG,1,2010-12-01 08:26:00,2.55555,17850,France
"""


def test_the_result_names_the_columns_at_fault_and_counts_each_order_once(write: Callable[..., Path]) -> None:
    job = run(make_channel(requires_payment=False), write(FAULTS), PRESETS["uci"].mapping)
    job.refresh_from_db()
    assert job.summary.splitlines() == [
        "Lines: 4 read = 0 accepted + 0 duplicate + 4 rejected",
        "Orders: 3 read = 0 accepted + 0 duplicate + 3 rejected",
        "2 lines of 2 orders: Quantity must be a whole number",
        "1 line of 1 order: UnitPrice must be a number such as 12.50",
        "1 line of 1 order: UnitPrice has more than 4 decimals",
    ]
    with translation.override("zh-hans"):
        assert "2 个订单的 2 行：Quantity 必须是整数" in job.summary
        assert "1 个订单的 1 行：UnitPrice 小数位数超过 4 位" in job.summary


def test_a_line_amount_that_doesnt_divide_is_exact() -> None:
    price, discount = unit_price("100", "3")
    assert 3 * Decimal(price) - Decimal(discount) == 100
    assert unit_price("x", "3") == ("x", "0")


def test_addresses_in_one_cell() -> None:
    assert split_address("上海 上海市 黄浦区 南京东路 1 号(000000)") == {
        "postal_code": "",
        "province": "上海",
        "city": "上海市",
        "district": "黄浦区",
        "street": "南京东路 1 号",
    }
    assert split_address("somewhere") == {"street": "somewhere"}


@pytest.mark.skipif(
    not (SHARED.is_file() and os.environ.get("TEST_WHOLE_UCI")),
    reason="takes minutes: needs TEST_WHOLE_UCI=1 and the shared UCI file beside this checkout",
)
def test_the_whole_of_uci() -> None:
    said, code = uci(SHARED, "--create-catalogue", "--opening-stock", "100")
    lines = re.search(r"Lines: (\d+) read = (\d+) accepted \+ (\d+) duplicate \+ (\d+) rejected", said)
    orders = re.search(r"Orders: (\d+) read = (\d+) accepted \+ (\d+) duplicate \+ (\d+) rejected", said)
    assert lines is not None
    assert orders is not None
    assert [int(n) for n in lines.groups()] == [320_705, 311_470, 2_460, 6_775]
    assert [int(n) for n in orders.groups()] == [16_459, 12_977, 0, 3_482]
    assert (code, Order.objects.count(), OrderLine.objects.count()) == (0, 12_977, 311_470)
    said, _code = uci(SHARED)
    assert "Lines: 320705 read = 0 accepted + 313930 duplicate + 6775 rejected" in said
    assert OrderLine.objects.count() == 311_470


def test_failed_rows_are_mended_and_imported_with_the_same_mapping(write: Callable[..., Path]) -> None:
    uci(write(UCI), "--create-catalogue", "--opening-stock", "150")
    job = Job.objects.get()
    failed = "".join(failed_rows_csv(job))
    numbers = {number for row in job.rows.filter(outcome="error") for number in row.row_numbers}
    assert len(failed.splitlines()) == len(numbers) + 1
    assert '"7","A-1","MUG","x","2010-12-01 11:00:00"' in failed
    run(Channel.objects.get(), write(failed.replace('"x"', '"2"'), "mended.csv"), mapping_from(job.params))
    assert Order.objects.get(external_id="7").lines.get().quantity == 2

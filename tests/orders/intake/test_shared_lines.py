import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.actor import SYSTEM
from core.tabular import open_table
from orders.enums import IntakeOutcome, IntakeSource
from orders.importing import assemble
from orders.importing import kept as kept_module
from orders.importing.assemble import Assembler, FileOrder
from orders.importing.kept import KeptOrders
from orders.importing.presets import PRESETS
from orders.models import IntakeMessage
from orders.schema import FieldError, SharedLine, as_message, as_table, from_table
from orders.schema.raw import storable
from orders.services.intake import receive, replay_message
from tests.factories.orders_intake import make_channel

MAPPING = PRESETS["uci"].mapping
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
MUG = "1,A-1,MUG,6.0,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
PLATE = "1,B-1,PLATE,2.0,2010-12-01 08:26:00,1.00,17850.0,United Kingdom\n"
OTHER = "2,A-1,MUG,6.0,2010-12-01 09:00:00,2.55,,EIRE\n"
MORE = "2,A-1,MUG,1.0,2010-12-01 09:00:00,2.55,,EIRE\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], list[FileOrder]]:
    def read_orders(rows: str) -> list[FileOrder]:
        path = tmp_path / "orders.csv"
        path.write_text(HEAD + rows, encoding="utf-8")
        with open_table(path) as table:
            return list(Assembler(MAPPING, table.header).neighbours(table))

    return read_orders


Read = Callable[[str], list[FileOrder]]


def test_equal_lines_of_a_file_are_one(read: Read) -> None:
    first, second = read(MUG + OTHER + MORE)
    (mug,) = first.payload["lines"]
    assert mug.values == {"sku": "A-1", "name": "MUG", "quantity": "6.0", "unit_price": "2.55"}
    same, more = second.payload["lines"]
    assert same is mug
    assert more.values == {**mug.values, "quantity": "1.0"}
    assert from_table(json.loads(first.message())) == {**first.payload, "lines": [mug.values]}
    assert from_table(json.loads(second.message())) == {**second.payload, "lines": [mug.values, more.values]}


def test_a_message_names_its_columns_once(read: Read) -> None:
    (order,) = read(MUG + PLATE)
    lines = json.loads(order.message())["lines"]
    assert lines["columns"] == ["sku", "name", "quantity", "unit_price"]
    assert [len(row) for row in lines["rows"]] == [4, 4]


@pytest.mark.parametrize("lines", [[], [{"sku": "A"}], [{"sku": "A"}, {"name": "B", "sku": "C"}, {}]])
def test_lines_come_back_from_a_message_as_they_were(lines: list[dict[str, str]]) -> None:
    assert from_table({"lines": as_table(lines)}) == {"lines": lines}


TEXTS = st.text(max_size=5)
LINES = st.lists(st.dictionaries(st.sampled_from(["sku", "name", "tax"]), TEXTS), max_size=4)
PAYLOADS = st.dictionaries(
    st.sampled_from(["external_id", "currency", "payment", "placed_at"]), TEXTS | st.just({"é": "1"})
)


@given(PAYLOADS, LINES)
def test_a_message_is_written_from_the_texts_of_its_lines(payload: dict[str, Any], lines: list[dict[str, str]]) -> None:
    shared = [SharedLine(number, values) for number, values in enumerate(lines)]
    for _once_more in range(2):
        text = as_message({**payload, "lines": shared})
        assert storable(text) == storable({**payload, "lines": as_table(lines)})


@pytest.mark.parametrize("payload", [{}, {"lines": [{"sku": "A"}]}, {"lines": {"rows": []}}, [], "text", None])
def test_other_messages_stay_as_they_are(payload: Any) -> None:
    assert from_table(payload) is payload


def test_a_file_s_message_can_be_taken_again(db: None, read: Read) -> None:
    (order,) = read(MUG + PLATE)
    channel = make_channel()
    order.payload["shipping_address"] = {"name": "Ann", "street": "1 High St", "city": "York", "country": "GB"}
    take = partial(receive, channel, source=IntakeSource.FILE, actor=SYSTEM, received_at=timezone.now())
    (first,) = take([order.payload], raws=[order.message()])
    message = IntakeMessage.objects.get()
    again = replay_message(message_id=message.pk, actor=SYSTEM)
    assert (again.outcome, again.order_id, again.errors) == (IntakeOutcome.DUPLICATE, first.order_id, [])
    assert IntakeMessage.objects.get().seen_count == 2


def test_a_file_s_message_that_is_refused_keeps_its_order_s_number(db: None, read: Read) -> None:
    (order,) = read(MUG)
    refused = [FieldError("status", "not_an_order_status", {"status": "lost"})]
    receive(
        make_channel(), [refused], raws=[order.message()],
        source=IntakeSource.FILE, actor=SYSTEM, received_at=timezone.now(),
    )  # fmt: skip
    assert IntakeMessage.objects.get().external_id == "1"


def test_few_lines_are_remembered(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "KEPT_LINES", 1)
    first, second = read(MUG + PLATE + OTHER)
    (mug, _plate), (again,) = first.payload["lines"], second.payload["lines"]
    assert again is not mug
    assert again.values == mug.values
    assert again.number not in {line.number for line in first.payload["lines"]}


def test_a_row_is_repeated_wherever_its_order_goes_on(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MUG + MUG + PLATE + OTHER + PLATE + MUG + MUG
    whole = read(rows)
    assert [(order.rows, order.repeated, order.line_rows) for order in whole] == [
        ([5], [], [5]),
        ([2, 3, 4, 6, 7, 8], [3, 6, 7, 8], [2, 4]),
    ]
    monkeypatch.setattr(assemble, "MAX_RUN", 2)
    assert [(order.rows, order.repeated, order.line_rows) for order in read(rows)] == [
        (order.rows, order.repeated, order.line_rows) for order in whole
    ]


def test_rows_repeat_those_that_their_lines_told_apart(read: Read) -> None:
    later = MUG.replace("17850.0", "17850.1")  # the same line in another row
    _other, order = read(MUG + PLATE + OTHER + later + PLATE + OTHER + MUG)
    assert (order.rows, order.repeated, order.line_rows) == ([2, 3, 5, 6, 8], [6, 8], [2, 3, 5])


@pytest.mark.parametrize(("orders_in_memory", "rows_in_memory"), [(100, 100), (0, 100), (100, 0), (1, 100), (100, 3)])
def test_orders_are_read_back_as_they_were_kept(
    orders_in_memory: int, rows_in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "MEMORY_ORDERS", orders_in_memory)
    monkeypatch.setattr(kept_module, "MEMORY_ROWS", rows_in_memory)
    tea = SharedLine(1, {"name": "Tee 茶 \ud800\n\x85"})
    orders = [
        FileOrder("A", {"external_id": "A", "lines": [tea]}, [2, 5], [5], [2], []),
        FileOrder("B", {"lines": []}, [3], [], [], [FieldError("status", "not_an_order_status", {"status": "x"})]),
        FileOrder("C", {"external_id": "C", "lines": [SharedLine(2, {"name": "x"}), tea, tea]}, [6, 7, 8], [], [], []),
    ]
    with KeptOrders() as kept:
        assert list(kept.keep(orders)) == orders
        read = list(kept)
    assert read == orders
    _other, second, third = read[2].payload["lines"]
    assert second is third
    (first,) = read[0].payload["lines"]
    assert (first is second) == (orders_in_memory != 1 and rows_in_memory != 3)  # kept in one place, the two of them


def test_kept_orders_forget_lines_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "SHARED_LINES", 3)
    monkeypatch.setattr(kept_module, "MEMORY_ORDERS", 2)
    lines = [SharedLine(number, {"sku": str(number)}) for number in range(8)]
    orders = [
        FileOrder(str(number), {"lines": [lines[number], lines[number % 3], lines[0]]}, [number], [], [], [])
        for number in range(8)
    ]
    with KeptOrders() as kept:
        assert list(kept.keep(orders)) == orders
        assert list(kept) == orders

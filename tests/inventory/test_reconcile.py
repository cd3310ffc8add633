import json
from io import StringIO

import pytest
from django.core.management import call_command

from inventory.models import Reservation, StockLevel
from inventory.services import consume_reservations, reserve
from tests.factories.inventory import LINE, claim, make_sku, make_warehouse, stock

pytestmark = pytest.mark.django_db


def run(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("reconcile_stock", *options, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


def busy_warehouse():
    warehouse, sku = make_warehouse("MAIN"), make_sku("MUG")
    stock(warehouse, sku, 10)
    reserve([claim(warehouse, sku, 3, 1), claim(warehouse, sku, 2, 2)])
    consume_reservations(LINE, [1])
    return warehouse, sku


def test_agreement():
    busy_warehouse()
    assert run() == (0, "1 stock levels agree with ledger and reservations.\n")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda: StockLevel.objects.update(on_hand=8), [("on_hand", 8, "ledger", 7)]),
        (lambda: StockLevel.objects.update(incoming=5), [("incoming", 5, "ledger", 0)]),
        (
            lambda: StockLevel.objects.update(reserved=1),
            [("reserved", 1, "ledger", 2), ("reserved", 1, "reservations", 2)],
        ),
        (
            lambda: Reservation.objects.filter(state="active").update(state="released"),
            [("reserved", 2, "reservations", 0)],
        ),
        (
            lambda: StockLevel.objects.all().delete(),
            [("on_hand", 0, "ledger", 7), ("reserved", 0, "ledger", 2), ("reserved", 0, "reservations", 2)],
        ),
    ],
)
def test_differences_are_found(spoil, found):
    busy_warehouse()
    spoil()
    code, text = run("--json")
    report = json.loads(text)
    assert (code, report["ok"]) == (1, False)
    assert report["differences"] == [
        {
            "warehouse": "MAIN",
            "sku": "MUG",
            "bucket": bucket,
            "level": level,
            "source": source,
            "expected": said,
        }
        for bucket, level, source, said in found
    ]
    code, table = run()
    assert code == 1
    assert table.endswith(f"{len(found)} differences\n")


def test_one_statement(django_assert_num_queries):
    busy_warehouse()
    with django_assert_num_queries(2):  # the other one counts the levels for the sentence
        run()

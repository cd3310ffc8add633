"""Generated orders: every state is there and the books agree."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from core.cases.models import Case
from ecom_admin.generated import service
from ecom_admin.generated.indexes import without_indexes
from ecom_admin.generated.statements import LARGE_TABLES
from inventory.selectors import stock_differences
from logistics.models import Shipment, TrackingEvent
from orders.enums import FulfilmentStatus, OrderStatus
from orders.models import FulfilmentOrder, Order, OrderLine

pytestmark = pytest.mark.django_db
_CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")


def test_generated_orders_have_every_state_and_consistent_stock() -> None:
    call_command("generate", "--orders=1200", verbosity=0)

    assert Order.objects.count() == 1200
    assert set(Order.objects.values_list("status", flat=True)) == {
        *(set(OrderStatus) - {OrderStatus.DRAFT, OrderStatus.PARTIALLY_SHIPPED})
    }
    assert set(FulfilmentOrder.objects.values_list("status", flat=True)) == {
        *(set(FulfilmentStatus) - {FulfilmentStatus.PLANNED, FulfilmentStatus.SHORT, FulfilmentStatus.CANCELLED})
    }
    assert Shipment.objects.filter(next_poll_at__isnull=False).exists()
    assert TrackingEvent.objects.filter(status="delivered").exists()
    assert Case.objects.filter(subject_type="orders.order").exists()
    assert stock_differences() == []


def test_generating_again_adds_orders_and_keeps_the_books() -> None:
    call_command("generate", "--orders=50", verbosity=0)
    call_command("generate", "--orders=50", "--moving-share=1", verbosity=0)

    assert Order.objects.count() == 100
    assert OrderLine.objects.values("order").distinct().count() == 100
    assert Order.objects.filter(status=OrderStatus.SHIPPED).count() >= 50
    assert stock_differences() == []


def test_nonsense_is_refused() -> None:
    with pytest.raises(CommandError, match="must be positive"):
        call_command("generate", "--orders=0")
    assert not Order.objects.exists()


def test_many_orders_are_loaded_without_indexes_which_are_all_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WORTH_BUILDING", 1000)
    before, during = _indexes(), []

    service.generate_orders(1000, progress=lambda _made: during.append(_indexes()))

    assert len(before) > len(during[0]) >= len(LARGE_TABLES)
    assert _indexes() == before
    assert Order.objects.count() == 1000
    assert stock_differences() == []


def test_few_orders_beside_many_leave_the_indexes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("generate", "--orders=60", verbosity=0)
    monkeypatch.setattr(service, "WORTH_BUILDING", 100)
    before, during = _indexes(), []

    service.generate_orders(100, progress=lambda _made: during.append(_indexes()))

    assert during == [before]


def test_a_broken_rule_leaves_indexes_and_rows_as_they_were() -> None:
    call_command("generate", "--orders=50", verbosity=0)
    before = _indexes()

    with pytest.raises(IntegrityError), transaction.atomic(), without_indexes(["orders_order"]):
        Order.objects.update(number="SO1")

    assert _indexes() == before
    assert not Order.objects.filter(number="SO1").exists()


def _indexes() -> list[tuple[str, str]]:
    """Definitions of the large tables' indexes and of the rules that rest on them, in some fixed order.

    Without casts and parentheses: a list in a condition is cast as a whole or item by item, which is the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(i.indexrelid), coalesce(pg_get_constraintdef(c.oid), '') FROM pg_index AS i"
            " LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype IN ('u', 'p')"
            " WHERE i.indisvalid AND i.indrelid = ANY(%s::regclass[]) ORDER BY 1",
            [list(LARGE_TABLES)],
        )
        return [(_CASTS.sub("", definition), rule) for definition, rule in cursor.fetchall()]

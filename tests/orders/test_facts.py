"""What validation reads of lines is what stands in their columns."""

from decimal import Decimal

import pytest

from orders.models import OrderLine
from orders.selectors.facts import StoredLine, stored_lines
from tests.factories.inventory import make_sku
from tests.factories.orders import make_order
from tests.factories.orders_intake import make_channel

pytestmark = pytest.mark.django_db


def test_lines_are_read_as_they_are_stored() -> None:
    channel, sku = make_channel(), make_sku()
    first, second, without = (make_order(channel, (sku.code, 1)) for _number in range(3))
    OrderLine.objects.all().delete()
    amounts = {"unit_price": "2.5500", "discount": "0.10", "tax": "0.00", "total": "1000.05"}
    values = [
        (second, 2, None, "A-1", 1, amounts),
        (second, 1, sku.pk, "", 1_000_000, amounts),
        (first, 1, sku.pk, "茶 \x1f1\x1f2.00\t\\", 3, amounts),
        (first, 2, None, "A-1", 1, {**amounts, "total": "0.00", "tax": "7.20"}),
    ]
    for order, position, sku_id, code, quantity, money in values:
        OrderLine.objects.create(
            order=order, position=position, sku_id=sku_id, external_sku=code, name="", quantity=quantity,
            **{name: Decimal(text) for name, text in money.items()},
        )  # fmt: skip
    fields = StoredLine._fields
    stored = {
        order.pk: [StoredLine(*row) for row in order.lines.order_by("position").values_list(*fields)]
        for order in (first, second)
    }
    found = stored_lines([first.pk, second.pk, without.pk])
    assert found == stored
    assert repr(found) == repr(stored)  # 2.5 equals 2.50

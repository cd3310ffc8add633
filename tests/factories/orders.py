"""Channels and orders for tests; orders come in through the real door."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from core.actor import SYSTEM, Actor
from orders.enums import IntakeSource
from orders.models import Channel, Order
from orders.services.intake import receive

_numbers = count(1)
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

ADDRESS: dict[str, str] = {
    "name": "王小明",
    "phone": "13800138000",
    "country": "CN",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "street": "文三路 90 号",
    "postal_code": "310012",
}


def make_channel(code: str = "", **fields: Any) -> Channel:
    code = code or f"shop-{next(_numbers)}"
    return Channel.objects.create(code=code, **{"name": f"Shop {code}"} | fields)


def payload(*lines: tuple[str, int], **fields: Any) -> dict[str, Any]:
    """A canonical order of (SKU, quantity) lines at 10.00 each, right in every way."""
    number = next(_numbers)
    total = Decimal(10) * sum(quantity for _sku, quantity in lines)
    body: dict[str, Any] = {
        "external_id": f"X-{number}",
        "placed_at": AT.isoformat(),
        "currency": "CNY",
        "customer": {"external_id": f"buyer-{number}", "name": "王小明", "email": f"buyer{number}@example.com"},
        "shipping_address": dict(ADDRESS),
        "lines": [
            {"external_id": str(position), "sku": sku, "name": sku, "quantity": quantity, "unit_price": "10.00"}
            for position, (sku, quantity) in enumerate(lines, 1)
        ],
        "total": str(total),
        "payment": {"status": "paid", "method": "alipay"},
    }
    return body | fields


def send(channel: Channel, *payloads: dict[str, Any], actor: Actor = SYSTEM, at: datetime | None = None) -> list[Any]:
    """Through the door of the API."""
    return receive(channel, payloads, source=IntakeSource.API, actor=actor, received_at=at or datetime.now(UTC))


def make_order(channel: Channel, *lines: tuple[str, int], **fields: Any) -> Order:
    """One order that was received, not yet validated."""
    (result,) = send(channel, payload(*lines, **fields))
    assert result.order_number, result.errors
    return Order.objects.get(number=result.order_number)

"""Channels and canonical orders for tests of the intake."""

from itertools import count
from typing import Any

from orders.models import Channel

_numbers = count(1)


def make_channel(code: str = "shop", **values: Any) -> Channel:
    """A channel with sensible settings."""
    return Channel.objects.create(code=code, **{"name": code.title(), "kind": "api", **values})


def order_payload(external_id: str = "", *, line_count: int = 2, **values: Any) -> dict[str, Any]:
    """A canonical order that passes the parser; every call names another order and another customer."""
    number = next(_numbers)
    return {
        "external_id": external_id or f"A-{number}",
        "placed_at": "2025-03-01T09:30:00+08:00",
        "currency": "CNY",
        "customer": {"external_id": f"c-{number}", "name": "王小明", "phone": f"138{number:08d}"},
        "shipping_address": {
            "name": "王小明",
            "phone": "13800138000",
            "country": "CN",
            "province": "广东省",
            "city": "深圳市",
            "district": "南山区",
            "street": f"科技路 {number} 号",
        },
        "lines": [
            {"sku": f"SKU-{n}", "name": "杯", "quantity": n, "unit_price": "12.50"} for n in range(1, line_count + 1)
        ],
        "payment": {"status": "paid", "method": "alipay"},
        **values,
    }

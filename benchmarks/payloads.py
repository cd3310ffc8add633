"""Orders as channels send them: right in every way, each of its own buyer, two lines of the generated goods."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from django.db.models import Max

from inventory.models import Sku
from orders.models import Order

PLACES = (
    ("浙江省", "杭州市", "西湖区", "310012"),
    ("上海市", "上海市", "浦东新区", "200120"),
    ("北京市", "北京市", "朝阳区", "100020"),
    ("广东省", "广州市", "天河区", "510630"),
    ("四川省", "成都市", "武侯区", "610041"),
)


class OrderSource:
    """Makes payloads that no run before has made: numbers go on from the highest order."""

    def __init__(self, skus: list[tuple[str, str, str]] | None = None) -> None:
        self.random = Random(11)  # noqa: S311 - sample data
        self.numbers = count((Order.objects.aggregate(last=Max("pk"))["last"] or 0) + 1)
        self.skus = skus or [
            (code, name, f"{price:.2f}")
            for code, name, price in Sku.objects.filter(code__startswith="GEN-", levels__on_hand__gt=0)
            .distinct()
            .order_by("code")
            .values_list("code", "name", "unit_price")
        ]

    def take(self, amount: int) -> list[dict[str, Any]]:
        """`amount` orders."""
        return [self._order(next(self.numbers)) for _ in range(amount)]

    def bodies(self, amount: int) -> list[bytes]:
        """The same as bodies of HTTP requests."""
        return [json.dumps(order, ensure_ascii=False).encode() for order in self.take(amount)]

    def _order(self, number: int) -> dict[str, Any]:
        province, city, district, postal_code = PLACES[number % len(PLACES)]
        picked = self.random.sample(self.skus, 2) if len(self.skus) > 1 else self.skus
        lines = [
            {"external_id": str(n), "sku": code, "name": name, "quantity": 1, "unit_price": price}
            for n, (code, name, price) in enumerate(picked, 1)
        ]
        return {
            "external_id": f"B{number}",
            "placed_at": datetime.now(UTC).isoformat(),
            "currency": "CNY",
            "customer": {
                "external_id": f"buyer-{number}",
                "name": "张示例",
                "email": f"buyer{number}@example.com",
                "phone": f"138{number % 10**8:08d}",
            },
            "shipping_address": {
                "name": "张示例", "phone": f"138{number % 10**8:08d}", "country": "CN", "province": province,
                "city": city, "district": district, "street": f"演示巷 {number % 399 + 1} 号",
                "postal_code": postal_code,
            },
            "lines": lines,
            "total": str(sum(Decimal(price) for _code, _name, price in picked)),
            "payment": {"status": "paid", "method": "alipay"},
        }  # fmt: skip

"""Orders of the shop and files of orders: right in every way, each of its own buyer."""

import csv
import io
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

PLACES = (
    ("浙江省", "杭州市", "西湖区", "310012"),
    ("上海市", "上海市", "浦东新区", "200120"),
    ("北京市", "北京市", "朝阳区", "100020"),
    ("广东省", "广州市", "天河区", "510630"),
)
PRICE = 20
SCARCE_EVERY = 12
FILE_COLUMNS = (
    "external_id", "placed_at", "currency", "customer.external_id", "customer.name", "customer.email",
    "shipping_address.name", "shipping_address.phone", "shipping_address.country", "shipping_address.province",
    "shipping_address.city", "shipping_address.district", "shipping_address.street", "shipping_address.postal_code",
    "payment.status", "lines.external_id", "lines.sku", "lines.quantity", "lines.unit_price",
)  # fmt: skip


class Orders:
    """Numbers go up; what an order holds follows from its number and the seed. One thread at a time."""

    def __init__(self, skus: list[str], scarce: str, seed: int) -> None:
        self.skus = skus
        self.scarce = scarce
        self.random = Random(seed)  # noqa: S311 - sample data
        self.numbers = count(1)

    def api(self) -> dict[str, Any]:
        """The body of one request."""
        return self._order(f"A{next(self.numbers)}")

    def file(self, orders: int) -> tuple[list[str], bytes]:
        """(external ids, CSV with a row for each line) of new orders."""
        made = [self._order(f"F{next(self.numbers)}") for _ in range(orders)]
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(FILE_COLUMNS)
        for order in made:
            for line in order["lines"]:
                writer.writerow([_cell(order, line, path) for path in FILE_COLUMNS])
        return [order["external_id"] for order in made], out.getvalue().encode()

    def _order(self, external_id: str) -> dict[str, Any]:
        number = int(external_id[1:])
        province, city, district, postal_code = PLACES[number % len(PLACES)]
        codes = [self.scarce] if number % SCARCE_EVERY == 0 else self.random.sample(self.skus, 2)
        lines = [
            {"external_id": str(n), "sku": code, "quantity": self.random.randint(1, 3), "unit_price": f"{PRICE}.00"}
            for n, code in enumerate(codes, 1)
        ]
        return {
            "external_id": external_id,
            "placed_at": datetime.now(UTC).isoformat(),
            "currency": "CNY",
            "customer": {
                "external_id": f"buyer-{number}", "name": "张示例", "email": f"buyer{number}@example.com",
            },
            "shipping_address": {
                "name": "张示例", "phone": f"138{number:08d}", "country": "CN", "province": province, "city": city,
                "district": district, "street": f"演示巷 {number} 号", "postal_code": postal_code,
            },
            "lines": lines,
            "payment": {"status": "paid"},
        }  # fmt: skip


def _cell(order: dict[str, Any], line: dict[str, Any], path: str) -> str:
    parent, _, name = path.rpartition(".")
    source = line if parent == "lines" else (order[parent] if parent else order)
    return str(source[name])

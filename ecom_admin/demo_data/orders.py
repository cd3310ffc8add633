"""Orders of the demo's web shops: mostly right, some wrong in the ways that validation catches.

Names are drawn from obviously fictitious sample data; addresses are real districts with invented streets.
"""

import random
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from inventory.models import Sku

Payload = dict[str, Any]

CN_PLACES = (
    ("浙江省", "杭州市", "西湖区", "310012"),
    ("上海市", "上海市", "浦东新区", "200120"),
    ("北京市", "北京市", "朝阳区", "100020"),
    ("广东省", "广州市", "天河区", "510630"),
    ("广东省", "深圳市", "南山区", "518052"),
    ("四川省", "成都市", "武侯区", "610041"),
    ("江苏省", "南京市", "鼓楼区", "210009"),
    ("湖北省", "武汉市", "洪山区", "430070"),
    ("陕西省", "西安市", "雁塔区", "710061"),
    ("福建省", "厦门市", "思明区", "361001"),
)
CN_STREETS = ("示例路", "样品街", "测试大道", "演示巷")
CN_NAMES = ("张示例", "李样品", "王测试", "赵演示", "陈样例", "刘试用")
WORLD_PLACES: tuple[dict[str, str], ...] = (
    {
        "country": "GB",
        "city": "Bristol",
        "street": "{n} Sample Street",
        "postal_code": "BS1 4DJ",
        "phone": "+441172345678",
    },
    {
        "country": "GB",
        "city": "Leeds",
        "street": "{n} Example Road",
        "postal_code": "LS1 4AP",
        "phone": "+441132345678",
    },
    {"country": "DE", "city": "Köln", "street": "Musterstraße {n}", "postal_code": "50667", "phone": "+492212345678"},
    {
        "country": "FR",
        "city": "Lyon",
        "street": "{n} rue de l'Exemple",
        "postal_code": "69002",
        "phone": "+33472345678",
    },
    {
        "country": "US",
        "province": "CA",
        "city": "San Francisco",
        "street": "{n} Sample St",
        "postal_code": "94105",
        "phone": "+14155550132",
    },
)
WORLD_NAMES = ("Sam Sample", "Ellie Example", "Max Muster", "Denise Démo", "Terry Test")
LINE_COUNTS = (1, 1, 2, 2, 3, 4)
GBP_RATE = Decimal("0.11")


class OrderMaker:
    """Makes orders from a seeded generator, so that two runs of the demo look alike."""

    def __init__(self, seed: int = 7, *, flawed: float = 1 / 12, avoid: Collection[str] = ()) -> None:
        self.flawed = flawed
        self.random = random.Random(seed)  # noqa: S311 - sample data
        self.skus = list(Sku.objects.filter(product__category__contains=" ", is_stocked=True).order_by("code"))
        self.skus = [sku for sku in self.skus if sku.code not in avoid]
        self.last: dict[str, Payload] = {}

    def next_order(self, channel: str) -> Payload:
        """The next order of a channel; a share of `flawed` has something wrong with it."""
        order = self._right_order(channel)
        if self.random.random() < self.flawed:
            self.random.choice(FLAWS)(self, channel, order)
        self.last[channel] = order
        return order

    def _right_order(self, channel: str) -> Payload:
        at = datetime.now(UTC) - timedelta(seconds=self.random.randint(1, 50))
        number = f"{at:%y%m%d%H%M%S}{self.random.randint(100, 999)}"
        address = self._chinese_address() if channel == "web-cn" else self._world_address()
        order = {
            "external_id": number,
            "placed_at": at.isoformat(),
            "currency": "CNY" if channel == "web-cn" else "GBP",
            "customer": {
                "external_id": f"member-{self.random.randint(1, 400)}-{address['country']}",
                "name": address["name"],
                "email": f"buyer{self.random.randint(1, 9999)}@example.com",
                "phone": address["phone"],
            },
            "shipping_address": address,
            "lines": [self._line(number, channel) for number in range(1, self.random.choice(LINE_COUNTS) + 1)],
            "shipping_fee": "0" if self.random.random() < 0.7 else "10.00",
            "payment": {
                "status": "paid",
                "method": "alipay" if channel == "web-cn" else "card",
                "paid_at": at.isoformat(),
            },
        }
        _total(order)
        return order

    def _line(self, position: int, channel: str) -> Payload:
        sku = self.random.choice(self.skus)
        price = sku.unit_price or Decimal(10)
        if channel != "web-cn":
            price = (price * GBP_RATE).quantize(Decimal("0.01"))
        return {
            "external_id": str(position),
            "sku": sku.code,
            "name": sku.name,
            "quantity": self.random.choice((1, 1, 1, 2, 2, 3)),
            "unit_price": f"{price:.2f}",
        }

    def _chinese_address(self) -> dict[str, str]:
        province, city, district, postal_code = self.random.choice(CN_PLACES)
        return {
            "name": self.random.choice(CN_NAMES),
            "phone": f"1{self.random.choice(('38', '39', '50', '86'))}{self.random.randint(10**7, 10**8 - 1)}",
            "country": "CN",
            "province": province,
            "city": city,
            "district": district,
            "street": f"{self.random.choice(CN_STREETS)} {self.random.randint(1, 399)} 号",
            "postal_code": postal_code,
        }

    def _world_address(self) -> dict[str, str]:
        place = dict(self.random.choice(WORLD_PLACES))
        place["street"] = place["street"].format(n=self.random.randint(1, 199))
        return {"name": self.random.choice(WORLD_NAMES), **place}


def _total(order: Payload) -> None:
    items = sum(Decimal(line["unit_price"]) * line["quantity"] for line in order["lines"])
    order["total"] = str(items + Decimal(order["shipping_fee"]))


def _wrong_city(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["shipping_address"]["city"] = "杭洲市" if channel == "web-cn" else "Bristl"
    if channel != "web-cn":
        order["shipping_address"]["postal_code"] = "0000X"


def _foreign_district(maker: OrderMaker, channel: str, order: Payload) -> None:
    """A district of another city; addresses abroad have none, their city is wrong instead."""
    if channel != "web-cn":
        _wrong_city(maker, channel, order)
        return
    address = order["shipping_address"]
    address["district"] = "朝阳区" if address["province"] != "北京市" else "西湖区"


def _short_phone(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["shipping_address"]["phone"] = order["shipping_address"]["phone"][:7]


def _wrong_total(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["total"] = str(Decimal(order["total"]) - Decimal("20.00"))


def _unknown_sku(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["lines"][0]["sku"] = "MUG-GRN"


def _no_street(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["shipping_address"]["street"] = ""


def _unpaid(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["payment"] = {"status": "unpaid"}


def _twice(maker: OrderMaker, channel: str, order: Payload) -> None:
    """The order before, once more under another number."""
    before = maker.last.get(channel)
    if before:
        order.update({key: value for key, value in before.items() if key != "external_id"})


def _too_many(maker: OrderMaker, channel: str, order: Payload) -> None:
    order["lines"][0] |= {"sku": "RUG-160", "quantity": 12}
    _total(order)


FLAWS: tuple[Callable[[OrderMaker, str, Payload], None], ...] = (
    _wrong_city, _foreign_district, _short_phone, _wrong_total, _unknown_sku, _no_street, _unpaid, _twice, _too_many,
)  # fmt: skip

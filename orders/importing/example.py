"""The file of orders to fill in: our own columns, and an order of two lines as an example."""

from typing import Final

_ORDER: Final = {
    "external_id": "EXAMPLE-1",
    "placed_at": "2026-12-31 14:30",
    "currency": "CNY",
    "customer.name": "王小明",
    "customer.phone": "13800138000",
    "customer.email": "",
    "shipping_address.name": "王小明",
    "shipping_address.phone": "13800138000",
    "shipping_address.country": "CN",
    "shipping_address.province": "广东省",
    "shipping_address.city": "深圳市",
    "shipping_address.district": "南山区",
    "shipping_address.street": "科技路 1 号",
    "shipping_address.postal_code": "518000",
    "shipping_fee": "10.00",
    "payment.status": "paid",
    "payment.method": "alipay",
    "buyer_note": "",
}
_LINES: Final = (
    {"lines.sku": "MUG-350-W", "lines.name": "马克杯", "lines.quantity": "2", "lines.unit_price": "39.00"},
    {"lines.sku": "PLATE-20", "lines.name": "餐盘", "lines.quantity": "1", "lines.unit_price": "25.00"},
)
EXAMPLE_HEADER: Final = (*_ORDER, *_LINES[0])
EXAMPLE_ROWS: Final = tuple((*_ORDER.values(), *line.values()) for line in _LINES)

"""Catalogue and stock for tests: plain functions with defaults."""

from decimal import Decimal
from itertools import count
from typing import Any

from inventory.models import Product, Sku, StockLevel, Warehouse
from inventory.rules.stock import Claim, StockReceipt
from inventory.services import receive_stock

LINE = "orders.fulfilment_line"
_numbers = count(1)


def make_warehouse(code: str = "", **fields: Any) -> Warehouse:
    code = code or f"WH{next(_numbers)}"
    return Warehouse.objects.create(code=code, **{"name": f"Warehouse {code}", "country": "CN"} | fields)


def make_product(code: str = "", **fields: Any) -> Product:
    code = code or f"P{next(_numbers)}"
    return Product.objects.create(code=code, **{"name": f"Product {code}"} | fields)


def make_sku(code: str = "", **fields: Any) -> Sku:
    code = code or f"SKU-{next(_numbers)}"
    product = fields.pop("product", None) or make_product()
    defaults = {"name": f"Thing {code}", "unit_price": Decimal("9.9000"), "weight_g": 300}
    return Sku.objects.create(code=code, product=product, **defaults | fields)


def stock(warehouse: Warehouse, sku: Sku, quantity: int) -> None:
    """Receive units of one SKU."""
    receive_stock([StockReceipt(warehouse.pk, sku.pk, quantity)])


def claim(warehouse: Warehouse, sku: Sku, quantity: int, line_id: int) -> Claim:
    return Claim(warehouse.pk, sku.pk, quantity, LINE, line_id)


def level(warehouse: Warehouse, sku: Sku) -> StockLevel:
    return StockLevel.objects.get(warehouse=warehouse, sku=sku)

"""The kinds of job that this app offers; importing this module registers them."""

from inventory.services.imports.products import import_products
from inventory.services.imports.stock import import_stock

__all__ = ["import_products", "import_stock"]

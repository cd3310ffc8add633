"""Reads of catalogue and stock."""

from inventory.selectors.catalogue import matching_skus, offered_skus, skus_with_stock
from inventory.selectors.reconciliation import Difference, stock_differences
from inventory.selectors.resolve import codes_of_skus, resolve_skus, skus_by_id
from inventory.selectors.stock import (
    demand_by_sku,
    levels_for,
    movements_for,
    reservations_for,
    stock_figures,
    warehouse_choices,
    warehouses_for,
)

__all__ = [
    "Difference",
    "codes_of_skus",
    "demand_by_sku",
    "levels_for",
    "matching_skus",
    "movements_for",
    "offered_skus",
    "reservations_for",
    "resolve_skus",
    "skus_by_id",
    "skus_with_stock",
    "stock_differences",
    "stock_figures",
    "warehouse_choices",
    "warehouses_for",
]

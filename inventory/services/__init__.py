"""Writes to catalogue and stock. Other apps call these, and nothing else in inventory writes."""

from inventory.services.catalogue import (
    add_alias,
    add_barcode,
    remove_alias,
    remove_barcode,
    save_product,
    save_warehouse,
    set_sku_status,
    upsert_skus,
)
from inventory.services.demand import clear_demand, set_demand
from inventory.services.reservations import consume_reservations, release_reservations, reserve
from inventory.services.stock import (
    adjust_stock,
    change_incoming,
    count_stock,
    receive_stock,
    set_opening_stock,
    set_safety_stock,
)

__all__ = [
    "add_alias",
    "add_barcode",
    "adjust_stock",
    "change_incoming",
    "clear_demand",
    "consume_reservations",
    "count_stock",
    "receive_stock",
    "release_reservations",
    "remove_alias",
    "remove_barcode",
    "reserve",
    "save_product",
    "save_warehouse",
    "set_demand",
    "set_opening_stock",
    "set_safety_stock",
    "set_sku_status",
    "upsert_skus",
]

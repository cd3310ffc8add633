"""The kinds of job that this app offers; importing this module registers them."""

from orders.services.import_orders import import_orders

__all__ = ["import_orders"]

"""What becomes of orders when their customer does."""

from core.db import update_rows
from crm.locks import share_customers
from orders.locks import lock_orders
from orders.models import Order
from orders.selectors.facts import duplicate_keys_of

_AT_ONCE = 500


def move_orders(*, from_customer_id: int, to_customer_id: int) -> int:
    """Hand all orders of one customer to another, who is the same person. Returns how many.

    Events of several merges arrive in any order: where the other was merged further meanwhile, the orders go to who
    is left. What makes them look like orders placed twice follows the customer.
    """
    survivors = share_customers([to_customer_id])
    customer_id = survivors.get(to_customer_id, to_customer_id)
    ids = list(Order.objects.filter(customer_id=from_customer_id).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        orders = [
            order for order in lock_orders(ids[start : start + _AT_ONCE]) if order.customer_id == from_customer_id
        ]
        for order in orders:
            order.customer_id = customer_id
        keys = duplicate_keys_of(orders)
        rows = [(order.pk, customer_id, keys[order.pk]) for order in orders]
        update_rows(Order, "id", ("customer_id", "duplicate_key"), rows)
    return len(ids)

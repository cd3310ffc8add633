"""What orders does when others tell of something."""

from core.outbox.events import EventEnvelope
from core.outbox.registry import subscribe
from orders.services.backorders import take_up_backorders
from orders.services.customers import move_orders


@subscribe("inventory.stock_increased")
def retry_backorders(event: EventEnvelope) -> None:
    """Stock has arrived: try the orders that wait for it."""
    take_up_backorders(sku_ids=event.payload["sku_ids"], at=event.occurred_at)


@subscribe("crm.customer_merged")
def follow_merged_customer(event: EventEnvelope) -> None:
    """Two customers turned out to be one: the orders belong to the one that stays."""
    move_orders(from_customer_id=event.payload["merged_id"], to_customer_id=event.payload["customer_id"])

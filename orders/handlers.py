"""What orders does when others tell of something."""

from core.outbox.events import EventEnvelope
from core.outbox.registry import subscribe
from orders.services.backorders import take_up_backorders


@subscribe("inventory.stock_increased")
def retry_backorders(event: EventEnvelope) -> None:
    """Stock has arrived: try the orders that wait for it."""
    take_up_backorders(sku_ids=event.payload["sku_ids"], at=event.occurred_at)

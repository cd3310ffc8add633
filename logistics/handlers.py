"""What logistics does when others tell of something."""

from core.outbox.events import EventEnvelope
from core.outbox.registry import subscribe
from logistics.services.consequences import follow_packed
from logistics.services.customer_mail import DELIVERED, SHIPPED, tell_customers
from logistics.services.shipments import cancel_shipments, create_shipments, hand_over, renew_shipments


@subscribe("orders.released")
def prepare_shipments(event: EventEnvelope) -> None:
    """The warehouse has it: choose a carrier and buy the label while the goods are picked."""
    create_shipments(fulfilment_ids=event.payload["fulfilment_ids"], at=event.occurred_at)


@subscribe("orders.readdressed")
def renew_labels(event: EventEnvelope) -> None:
    """The label names a recipient who isn't right any more: give it back and buy another."""
    renew_shipments(
        fulfilment_ids=event.payload["fulfilment_ids"],
        choose_carrier=event.payload["has_moved"],
        at=event.occurred_at,
    )


@subscribe("orders.packed")
def ship_scanned_parcels(event: EventEnvelope) -> None:
    """A parcel that the carrier scanned before the warehouse had said that it is packed has left already."""
    follow_packed(fulfilment_ids=event.payload["fulfilment_ids"], at=event.occurred_at)


@subscribe("orders.shipped")
def follow_parcels(event: EventEnvelope) -> None:
    """The parcels have left: promise a date and follow them."""
    hand_over(fulfilment_ids=event.payload["fulfilment_ids"], at=event.occurred_at)


@subscribe("orders.shipped")
def tell_of_shipping(event: EventEnvelope) -> None:
    """The customer hears that the parcel left."""
    tell_customers(SHIPPED, fulfilment_ids=event.payload["fulfilment_ids"])


@subscribe("orders.delivered")
def tell_of_delivery(event: EventEnvelope) -> None:
    """The customer hears that the parcel arrived, and is asked how it went."""
    tell_customers(DELIVERED, fulfilment_ids=event.payload["fulfilment_ids"])


@subscribe("orders.cancelled")
def stop_shipments(event: EventEnvelope) -> None:
    """Give labels back that nobody will use."""
    cancel_shipments(fulfilment_ids=event.payload["fulfilment_ids"], at=event.occurred_at)

"""What a carrier has to know to make a label, read for a whole batch at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from core.addresses import Address
from inventory.models import Warehouse
from logistics.carriers.base import ShipmentItem, ShipmentRequest
from logistics.models import Shipment
from orders.models import FulfilmentLine, Order


def label_requests(shipments: Sequence[Shipment], unsure: set[int]) -> dict[int, ShipmentRequest]:
    """A request by shipment id. `unsure` holds the ids whose last attempt may have bought a label.

    Shipments come with their orders loaded.
    """
    warehouses = Warehouse.objects.in_bulk({shipment.warehouse_id for shipment in shipments})
    items = _items(shipments)
    return {
        shipment.pk: ShipmentRequest(
            reference=shipment.number,
            service=shipment.service,
            sender=sender_address(warehouses[shipment.warehouse_id]),
            recipient=recipient_address(shipment.order),
            weight_g=shipment.weight_g,
            items=items.get(shipment.fulfilment_id, ()),
            may_exist=shipment.pk in unsure,
        )
        for shipment in shipments
    }


def sender_address(warehouse: Warehouse) -> Address:
    return Address(
        name=warehouse.contact_name or warehouse.name,
        phone=warehouse.phone,
        country=warehouse.country,
        province=warehouse.province,
        city=warehouse.city,
        district=warehouse.district,
        street=warehouse.street,
        postal_code=warehouse.postal_code,
    )


def recipient_address(order: Order) -> Address:
    return Address(
        name=order.ship_name or order.buyer_name,
        phone=order.ship_phone_e164 if order.ship_country != "CN" else order.ship_phone or order.buyer_phone,
        country=order.ship_country,
        province=order.ship_province,
        city=order.ship_city,
        district=order.ship_district,
        street=order.ship_street,
        postal_code=order.ship_postal_code,
    )


def _items(shipments: Sequence[Shipment]) -> Mapping[int, Sequence[ShipmentItem]]:
    items: dict[int, list[ShipmentItem]] = defaultdict(list)
    lines = FulfilmentLine.objects.filter(fulfilment_id__in=[s.fulfilment_id for s in shipments])
    for line in lines.select_related("sku", "order_line", "order_line__order").order_by("pk"):
        items[line.fulfilment_id].append(
            ShipmentItem(
                sku=line.sku.code,
                name=line.order_line.name or line.sku.name,
                quantity=line.quantity,
                weight_g=line.sku.weight_g or 0,
                value=line.order_line.unit_price,
                currency=line.order_line.order.currency,
            )
        )
    return items

"""Carriers and parcels for tests. Fulfilment orders come through the real pipeline."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.utils import timezone

from core.actor import Actor
from core.stages import drain
from inventory.models import Warehouse
from logistics.enums import ShipmentStatus
from logistics.models import Carrier, CarrierRule, Shipment
from logistics.sandbox import KUAIDI100_ACCOUNT, UPS_ACCOUNT
from orders.models import Channel, FulfilmentOrder, Order
from orders.services import fulfilment as orders_fulfilment
from tests.factories.accounts import make_user
from tests.factories.inventory import make_sku, make_warehouse, stock
from tests.factories.orders import make_channel, make_order

_numbers = count(1)

PIPELINE = ("orders.validate", "orders.allocate", "orders.release")
SENDER = {
    "country": "CN", "province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技园 1 号",
    "postal_code": "518000", "phone": "13800000000", "contact_name": "发货仓",
}  # fmt: skip


def make_carrier(code: str = "sf", *, base_url: str = "http://127.0.0.1:9", **fields: Any) -> Carrier:
    """A carrier reached through kuaidi100, without a limit on calls."""
    defaults: dict[str, Any] = {
        "name": code.upper(),
        "adapter": "kuaidi100",
        "carrier_code": "shunfeng",
        "base_url": base_url,
        "credentials": KUAIDI100_ACCOUNT,
        "rate_per_second": 0,
        "timeout_seconds": 10,
        "supports_push": False,
    }
    return Carrier.objects.create(code=code, **defaults | fields)


def make_ups(*, base_url: str, **fields: Any) -> Carrier:
    return make_carrier(
        fields.pop("code", "ups"),
        base_url=base_url,
        **{"adapter": "karrio_ups", "carrier_code": "", "credentials": UPS_ACCOUNT} | fields,
    )


def make_rule(carrier: Carrier, **fields: Any) -> CarrierRule:
    return CarrierRule.objects.create(carrier=carrier, **{"name": f"All by {carrier.code}"} | fields)


def make_warehouse_in_shenzhen() -> Warehouse:
    return make_warehouse(f"SZ{next(_numbers)}", **SENDER)


def make_fulfilment(
    channel: Channel | None = None, *, warehouse: Warehouse | None = None, **order: Any
) -> FulfilmentOrder:
    """A fulfilment order that was received, validated, allocated and released."""
    return make_fulfilments(1, channel, warehouse=warehouse, **order)[0]


def make_fulfilments(
    number: int, channel: Channel | None = None, *, warehouse: Warehouse | None = None, **order: Any
) -> list[FulfilmentOrder]:
    channel = channel or make_channel(duplicate_window_hours=0)
    warehouse = warehouse or make_warehouse_in_shenzhen()
    sku = make_sku()
    stock(warehouse, sku, number)
    orders: Sequence[Order] = [make_order(channel, (sku.code, 1), **order) for _ in range(number)]
    drain(only=PIPELINE)
    return [one.fulfilments.get(status="released") for one in orders]


def pack(fulfilment: FulfilmentOrder) -> None:
    """Pick and pack it, by a person."""
    actor = Actor.for_user(make_user())
    orders_fulfilment.pick_and_check_all(fulfilment_id=fulfilment.pk, actor=actor)
    orders_fulfilment.record_packed(fulfilment_id=fulfilment.pk, weight_g=500, actor=actor)


def make_shipment(carrier: Carrier | None, fulfilment: FulfilmentOrder | None = None, **fields: Any) -> Shipment:
    """A shipment made directly, in transit unless the fields say otherwise."""
    fulfilment = fulfilment or make_fulfilment()
    now = timezone.now()
    defaults: dict[str, Any] = {
        "number": f"T{next(_numbers):08d}",
        "order_id": fulfilment.order_id,
        "warehouse_id": fulfilment.warehouse_id,
        "status": ShipmentStatus.IN_TRANSIT,
        "destination_country": "CN",
        "weight_g": 500,
        "created_at": now,
    }
    if (defaults | fields)["status"] in ShipmentStatus.MOVING:
        defaults |= {
            "tracking_number": f"TRK{next(_numbers):010d}",
            "handed_over_at": now,
            "last_event_at": now,
            "next_poll_at": now,
        }
    return Shipment.objects.create(carrier=carrier, fulfilment=fulfilment, **defaults | fields)

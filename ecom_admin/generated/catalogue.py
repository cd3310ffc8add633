"""What generated orders need to exist: a channel, warehouses, goods and a carrier, all named GEN or generated."""

from decimal import Decimal
from typing import NamedTuple

from core.actor import SYSTEM
from inventory.models import Product, Sku, Warehouse
from logistics.models import Carrier
from orders.enums import ChannelKind
from orders.models import Channel
from orders.services.channels import create_channel

CHANNEL = "generated"
CARRIER = "generated"
SKU_COUNT = 1000
SOLD_OUT_COUNT = 20
SPARE_UNITS = 100_000


class Catalogue(NamedTuple):
    """Ids, as the statements' parameters. The sold-out SKUs never have stock."""

    channel: int
    carrier: int
    warehouses: list[int]
    skus: list[int]
    sold_out: list[int]
    spare: int


def prepare_catalogue() -> Catalogue:
    """Make what is missing; the carrier is switched off, so that nobody asks about parcels that don't exist."""
    channel = Channel.objects.filter(code=CHANNEL).first() or create_channel(
        code=CHANNEL, values={"name": "Generated", "kind": ChannelKind.API}, actor=SYSTEM
    )
    carrier, _made = Carrier.objects.get_or_create(
        code=CARRIER,
        defaults={"name": "Generated", "adapter": "kuaidi100", "carrier_code": "yunda", "is_active": False},
    )
    warehouses = [_warehouse(*place) for place in (("GEN-E", "浙江省", "杭州市"), ("GEN-S", "广东省", "深圳市"))]
    skus = _skus(f"GEN-{n:04d}" for n in range(1, SKU_COUNT + 1))
    sold_out = _skus(f"GEN-OUT-{n:02d}" for n in range(1, SOLD_OUT_COUNT + 1))
    return Catalogue(channel.pk, carrier.pk, warehouses, skus, sold_out, SPARE_UNITS)


def _warehouse(code: str, province: str, city: str) -> int:
    place = {"country": "CN", "province": province, "city": city}
    return Warehouse.objects.get_or_create(code=code, defaults={"name": code, "priority": 900} | place)[0].pk


def _skus(codes: object) -> list[int]:
    product, _made = Product.objects.get_or_create(code="GEN", defaults={"name": "Generated goods"})
    wanted = list(codes)  # type: ignore[call-overload]
    known = set(Sku.objects.filter(code__in=wanted).values_list("code", flat=True))
    Sku.objects.bulk_create(
        Sku(
            product=product,
            code=code,
            name=f"Sample article {code}",
            unit_price=Decimal(5 + index % 200),
            weight_g=200 + 10 * (index % 80),
        )
        for index, code in enumerate(wanted)
        if code not in known
    )
    return list(Sku.objects.filter(code__in=wanted).order_by("code").values_list("pk", flat=True))

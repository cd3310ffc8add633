"""What a hold is about: a fingerprint of the values that its reason looks at.

Compared when the hold is released, it tells a fixed order from one that was right all along: the false-hold
rate counts the orders whose every hold was released with the held values unchanged.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from orders.enums import HoldReason

HELD_FIELDS: Mapping[HoldReason, tuple[str, ...]] = {
    HoldReason.ADDRESS: (
        "ship_name",
        "ship_phone",
        "ship_country",
        "ship_province",
        "ship_city",
        "ship_district",
        "ship_street",
        "ship_postal_code",
        "buyer_email",
    ),
    HoldReason.PAYMENT: ("payment_status",),
    HoldReason.DUPLICATE: ("duplicate_key",),
    HoldReason.PRICE: ("currency", "items_total", "shipping_fee", "discount", "tax", "total"),
}
LINE_FIELDS: Mapping[HoldReason, tuple[str, ...]] = {
    HoldReason.PRICE: ("quantity", "unit_price", "discount", "tax"),
    HoldReason.STOCK: ("external_sku", "sku_id"),
}


def held_value(reason: HoldReason, order: Any, lines: Iterable[Any]) -> str:
    """SHA-256 of the values that `reason` is about; empty for reasons that look at no field."""
    fields, line_fields = HELD_FIELDS.get(reason, ()), LINE_FIELDS.get(reason, ())
    if not fields and not line_fields:
        return ""
    parts = [str(getattr(order, name)) for name in fields]
    if line_fields:
        parts += [str(getattr(line, name)) for line in lines for name in line_fields]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

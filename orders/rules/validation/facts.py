"""What the validation rules look at, and what they answer. Plain values: no database, no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, NamedTuple

from core.addresses import Address
from inventory.rules.stock import SkuRef
from orders.enums import FindingSeverity, HoldReason


class LineFacts(NamedTuple):
    """One line. `total` = quantity × unit price − discount, without tax. `sku` is None for an unknown code.

    `usual_quantity` is the most that the channel's orders usually have of this SKU, None where nobody knows.
    """

    external_sku: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    sku: SkuRef | None
    usual_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class DuplicateCandidate:
    """An order of the same customer with the same lines and address."""

    order_id: int
    number: str
    external_id: str
    placed_at: datetime
    is_cancelled: bool = False


@dataclass(frozen=True)
class ChannelFacts:
    """The channel's own terms. `settings` is the channel's JSON; see docs/guide/add-a-validation-rule.md."""

    code: str
    currency: str
    country: str
    requires_payment: bool
    requires_address: bool
    duplicate_window: timedelta
    settings: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def severities(self) -> Mapping[str, str]:
        """Finding code → error, warning, info or off, where the channel differs from the code's default."""
        rules = self.settings.get("rules")
        return rules if isinstance(rules, dict) else {}

    def limit(self, name: str, default: Decimal) -> Decimal:
        """The number that the channel sets for `name` under "limits", or the default."""
        limits = self.settings.get("limits")
        value = limits.get(name) if isinstance(limits, dict) else None
        try:
            return default if value is None or isinstance(value, bool) else Decimal(str(value))
        except InvalidOperation:
            return default

    def listed(self, name: str) -> Collection[str]:
        """The texts that the channel lists under `name`."""
        values = self.settings.get(name)
        return values if isinstance(values, list) else ()


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order with everything that the rules need to know about it. Times are aware."""

    order_id: int
    external_id: str
    channel: ChannelFacts
    placed_at: datetime
    ship_by: datetime | None
    currency: str
    items_total: Decimal
    shipping_fee: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    payment_status: str
    buyer_email: str
    buyer_phone: str
    ship_to: Address
    lines: tuple[LineFacts, ...]
    duplicates: tuple[DuplicateCandidate, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """What a rule found.

    `field` is a path of the canonical order ("shipping_address.city", "lines[0].quantity"). `params` fill the
    message of `code` and are JSON. `expected` says what would be right, in the order's own words. `suggestion`
    maps paths to right values, or is None where there is no safe fix. `hold` is the reason for which the order
    must not go on, None where it may.
    """

    code: str
    severity: FindingSeverity
    field: str
    params: dict[str, Any]
    expected: str
    suggestion: dict[str, str] | None
    hold: HoldReason | None


# Paths of the canonical order → attributes of Order, for those that differ.
ORDER_ATTRIBUTES: Mapping[str, str] = {
    "shipping_address.name": "ship_name",
    "shipping_address.phone": "ship_phone",
    "shipping_address.country": "ship_country",
    "shipping_address.province": "ship_province",
    "shipping_address.city": "ship_city",
    "shipping_address.district": "ship_district",
    "shipping_address.street": "ship_street",
    "shipping_address.postal_code": "ship_postal_code",
    "customer.name": "buyer_name",
    "customer.email": "buyer_email",
    "customer.phone": "buyer_phone",
    "payment.status": "payment_status",
}

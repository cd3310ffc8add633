"""The canonical order: what every channel's order becomes before anything else looks at it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

from core.addresses import Address
from core.copying import copy_text

# Separates the parts of a key; texts of an order can't contain it.
_SEPARATOR = "\x1f"
_QUANTITY = attrgetter("quantity")
_CONTENT = attrgetter("content")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a channel supplies where an order is silent. `time_zone` is an IANA name, for naive times."""

    currency: str = "CNY"
    country: str = ""
    time_zone: str = "UTC"
    payment_status: str = "unpaid"


@dataclass(frozen=True, slots=True)
class CanonicalCustomer:
    external_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class CanonicalPayment:
    status: str
    method: str = ""
    paid_at: datetime | None = None
    reference: str = ""


class _LineValues(NamedTuple):
    external_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


class CanonicalLine(_LineValues):
    """`total` = quantity × unit price − discount, rounded; tax is on top of it.

    Equal lines of many orders may be one object, which is why it keeps what was made of it.
    """

    @cached_property
    def content(self) -> str:
        """What the order's fingerprint is made of."""
        return _SEPARATOR.join(map(str, self[:7]))

    @cached_property
    def copied(self) -> str:
        """The values in the text form of COPY."""
        return copy_text(map(str, self))


@dataclass(frozen=True, slots=True)
class CanonicalOrder:
    """An order that parsed. Times are in UTC.

    `items_total` is the sum of the lines' totals; `total` is the channel's own where it gave one, else
    items_total − discount + shipping_fee + tax. Whether the two agree is for validation to say.
    """

    external_id: str
    display_number: str
    placed_at: datetime
    updated_at: datetime | None
    cancelled_at: datetime | None
    currency: str
    customer: CanonicalCustomer
    shipping_address: Address
    lines: tuple[CanonicalLine, ...]
    items_total: Decimal
    shipping_fee: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    payment: CanonicalPayment
    buyer_note: str
    ship_by: datetime | None
    tags: tuple[str, ...]

    @property
    def unit_count(self) -> int:
        return sum(map(_QUANTITY, self.lines))

    @property
    def is_cancelled(self) -> bool:
        """Whether the channel says that the order is off."""
        return self.cancelled_at is not None or self.payment.status == "voided"

    def content_sha256(self) -> str:
        """The same for two messages that mean the same order, however they were written.

        `updated_at` isn't part of it: channels touch it for changes that don't concern the order.
        """
        customer, address, payment = self.customer, self.shipping_address, self.payment
        parts: list[object] = [
            self.external_id, self.placed_at, self.cancelled_at, self.currency,
            customer.external_id, customer.name, customer.email, customer.phone,
            address.name, address.phone, address.country, address.province, address.city,
            address.district, address.street, address.postal_code,
            self.shipping_fee, self.discount, self.tax, self.total,
            payment.status, payment.method, payment.paid_at, payment.reference,
            self.buyer_note, self.ship_by, len(self.tags), *self.tags,
        ]  # fmt: skip
        if self.display_number:  # left out where there is none, as it was before the field existed
            parts.append(self.display_number)
        return sha256(_SEPARATOR.join([*map(str, parts), *map(_CONTENT, self.lines)]).encode()).hexdigest()

"""The fields of the canonical order: one table for the parser, the OpenAPI document and the import mapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.enums import PaymentStatus
from orders.schema.kinds import (
    COUNTRY,
    CURRENCY,
    MOMENT,
    QUANTITY,
    ZERO,
    Kind,
    amount,
    choice,
    text,
    text_list,
)

MAX_LINES: Final = 1000
PRICE: Final = amount(10, 4)
MONEY: Final = amount(12, 2)


@dataclass(frozen=True, slots=True)
class Field:
    """`default` stands for an absent, null or (for text) empty value; `about` explains the field to people."""

    name: str
    kind: Kind
    label: str | Promise
    required: bool = False
    default: Any = ""
    about: str = ""


Table = tuple[Field, ...]

CUSTOMER: Final[Table] = (
    Field("external_id", text(120), _("Customer id"), about="How the channel names the customer."),
    Field("name", text(255), _("Buyer")),
    Field("email", text(254), _("E-mail")),
    Field("phone", text(40), _("Buyer's phone")),
)

ADDRESS: Final[Table] = (
    Field("name", text(255), _("Recipient")),
    Field("phone", text(40), _("Recipient's phone")),
    Field("country", COUNTRY, _("Country"), about="The channel's country if absent."),
    Field("province", text(120), _("Province or state")),
    Field("city", text(120), _("City")),
    Field("district", text(120), _("District")),
    Field("street", text(500), _("Street")),
    Field("postal_code", text(20), _("Postal code")),
)

LINE: Final[Table] = (
    Field("external_id", text(64), _("Line id")),
    Field("sku", text(120), _("SKU"), required=True, about="Our SKU, a barcode, or the channel's own code."),
    Field("name", text(255), _("Article")),
    Field("quantity", QUANTITY, _("Quantity"), required=True),
    Field("unit_price", PRICE, _("Unit price"), required=True, about="Before discount and tax."),
    Field("discount", MONEY, _("Line discount"), default=ZERO, about="Of the whole line."),
    Field("tax", MONEY, _("Line tax"), default=ZERO, about="On top of the price; 0 where prices include it."),
)

PAYMENT: Final[Table] = (
    Field(
        "status",
        choice(tuple(PaymentStatus.values)),
        _("Payment status"),
        default=None,
        about="unpaid if absent, invoiced on a channel that doesn't require payment.",
    ),
    Field("method", text(64), _("Payment method")),
    Field("paid_at", MOMENT, _("Paid at"), default=None),
    Field("reference", text(120), _("Payment reference")),
)

ORDER: Final[Table] = (
    Field("external_id", text(64), _("Order number"), required=True, about="Unique within the channel."),
    Field(
        "display_number",
        text(64),
        _("Number shown to the buyer"),
        about="What people call the order, such as #1001, where external_id is a technical id.",
    ),
    Field("placed_at", MOMENT, _("Placed at"), required=True),
    Field(
        "updated_at",
        MOMENT,
        _("Changed at"),
        default=None,
        about="When the channel changed the order last. A message older than what is known changes nothing.",
    ),
    Field("cancelled_at", MOMENT, _("Cancelled at"), default=None, about="Set when the order is off."),
    Field("currency", CURRENCY, _("Currency"), default=None, about="The channel's currency if absent."),
    Field("shipping_fee", MONEY, _("Shipping fee"), default=ZERO),
    Field("discount", MONEY, _("Order discount"), default=ZERO, about="On top of the lines' discounts."),
    Field("tax", MONEY, _("Tax"), default=None, about="The sum of the lines' tax if absent."),
    Field(
        "total",
        MONEY,
        _("Total"),
        default=None,
        about="Computed if absent: the lines − discount + shipping_fee + tax. Compared if given.",
    ),
    Field("buyer_note", text(2000, lines=True), _("Buyer's note")),
    Field("ship_by", MOMENT, _("Ship by"), default=None),
    Field("tags", text_list(50, 64), _("Tags"), default=()),
)

# Objects inside an order, and the list of its lines.
NESTED: Final[Mapping[str, Table]] = {
    "customer": CUSTOMER,
    "shipping_address": ADDRESS,
    "lines": LINE,
    "payment": PAYMENT,
}

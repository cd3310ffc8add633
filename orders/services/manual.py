"""Orders that somebody enters by hand: the same door as every other order."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.exceptions import DomainError
from inventory.rules.stock import SkuRef
from inventory.selectors import resolve_skus
from orders.enums import IntakeOutcome, IntakeSource
from orders.models import Channel, Order
from orders.schema import FieldError
from orders.schema.words import sentence
from orders.services.intake import receive
from orders.services.moves import touch
from orders.services.validate import validate_at_once


@transaction.atomic
def enter_order(
    *, channel: Channel, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], actor: Actor, at: datetime
) -> Order:
    """Take an order from a form: `values` by field of OrderForm, `lines` as {row, sku, quantity, price}.

    A line without a price gets the SKU's list price, if that is in the channel's currency. Raises DomainError, with
    the form's field, for what intake refuses and for a number that the channel has used already; then nothing is
    changed.
    """
    refs = resolve_skus(channel.code, [line["sku"] for line in lines])
    entered = [_line(line, refs.get(line["sku"]), channel.currency) for line in lines]
    payload = _payload(values, entered, at)
    (result,) = receive(channel, [payload], source=IntakeSource.MANUAL, actor=actor, received_at=at)
    if result.outcome == IntakeOutcome.REJECTED:
        error = FieldError.from_json(result.errors[0])
        raise DomainError(sentence(error), error.code, field=_form_field(error.field, lines))
    if result.outcome != IntakeOutcome.ACCEPTED:
        raise DomainError(
            _("Order %(number)s has this number already.") % {"number": result.order_number},
            "number_taken",
            field="external_id",
        )
    order = Order.objects.get(number=result.order_number)
    touch(order, actor=actor, at=at)  # typing an order is a person's work: it was never touchless
    validate_at_once(order.pk)
    return order


def _line(line: Mapping[str, Any], ref: SkuRef | None, currency: str) -> dict[str, Any]:
    price = line["price"]
    if price is None:
        price = list_price(ref, currency, line["row"])
    name = ref.name if ref is not None else ""
    return {"sku": line["sku"], "name": name, "quantity": line["quantity"], "unit_price": str(price)}


def list_price(ref: SkuRef | None, currency: str, row: int) -> Decimal:
    """The SKU's list price, which must be one in the order's currency."""
    if ref is None:
        raise DomainError(_("There is no SKU with this code."), "sku_unknown", field=f"sku-{row}")
    if ref.unit_price is None:
        raise DomainError(_("This SKU has no list price: enter one."), "no_price", field=f"price-{row}")
    if ref.currency != currency:
        words = _("This SKU's list price is in %(listed)s: enter one in %(currency)s.")
        said = words % {"listed": ref.currency, "currency": currency}
        raise DomainError(said, "price_in_other_currency", field=f"price-{row}")
    return ref.unit_price


def _payload(values: Mapping[str, Any], lines: Sequence[dict[str, Any]], at: datetime) -> dict[str, Any]:
    address = ("name", "phone", "country", "province", "city", "district", "street", "postal_code")
    return {
        "external_id": values["external_id"] or f"H-{at:%y%m%d}-{secrets.token_hex(3).upper()}",
        "placed_at": at.isoformat(),
        "customer": {
            "name": values["buyer_name"] or values["name"],
            "email": values["buyer_email"],
            "phone": values["buyer_phone"] or values["phone"],
        },
        "shipping_address": {name: values[name] for name in address},
        "lines": list(lines),
        "shipping_fee": str(values["shipping_fee"] or 0),
        "discount": str(values["discount"] or 0),
        "payment": {"status": values["payment_status"], "method": values["payment_method"]},
        "buyer_note": values["buyer_note"],
    }


def _form_field(path: str, lines: Sequence[Mapping[str, Any]]) -> str:
    """The form's field for a path of the order: "lines[0].unit_price" is "price-0"."""
    if path.startswith("lines["):
        index, _bracket, name = path[6:].partition("]")
        field = {".unit_price": "price", ".quantity": "quantity"}.get(name, "sku")
        return f"{field}-{lines[int(index)]['row']}"
    parent, _dot, name = path.rpartition(".")
    return f"buyer_{name}" if parent == "customer" else name

"""Shopify's REST order, as its webhooks send it, as a canonical order.

Wire format: shopify.dev, REST Admin API, "Order" and "Webhooks". Amounts are decimal strings; `*_set.shop_money`
is in the shop's own currency, which `currency` names, and the plain fields hold the same. Where `taxes_included`
is true, prices hold the tax already and nothing is added for it. `current_*` fields tell what is left of an order
after lines were removed from it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from orders.schema import Refused

Json = Mapping[str, Any]

TOPICS: Final = frozenset({"orders/create", "orders/updated", "orders/cancelled", "orders/paid"})
_PAYMENT: Final = {
    "pending": "unpaid",
    "expired": "unpaid",
    "authorized": "authorized",
    "partially_paid": "partially_paid",
    "paid": "paid",
    "partially_refunded": "partially_refunded",
    "refunded": "refunded",
    "voided": "voided",
}
_PAID: Final = frozenset({"paid", "partially_refunded", "refunded"})
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal("0.00")


def signature(secret: str, body: bytes) -> str:
    """The value of X-Shopify-Hmac-Sha256 for a body: base64 of HMAC-SHA256 over the raw bytes."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def is_signed(secret: str, body: bytes, given: str) -> bool:
    """Whether `given` is the body's signature, compared in constant time. No secret signs nothing."""
    return bool(secret) and hmac.compare_digest(signature(secret, body).encode(), given.encode())


def orders_in(body: Any) -> list[Any]:
    """The orders of a message: the body itself, or what the REST API wraps as `order` or `orders`."""
    if isinstance(body, dict) and "id" not in body:
        if isinstance(body.get("orders"), list):
            return list(body["orders"])
        if "order" in body:
            return [body["order"]]
    return [body]


def to_canonical(raw: Any) -> dict[str, Any]:
    """The payload of orders.services.intake.receive for one Shopify order.

    Raises Refused for what isn't an order at all; everything else is left to the canonical parser, so that errors
    are named in one place.
    """
    if not isinstance(raw, dict) or not raw.get("id"):
        raise Refused("not_an_order")
    included = bool(raw.get("taxes_included"))
    lines = [_line(line, included) for line in _dicts(raw, "line_items") if _left(line) != 0]
    shipping_fee, shipping_discount = _shipping(raw)
    order_discount = _money(raw, "total_discounts") - shipping_discount - _sum(lines, "discount")
    is_reduced = any(_left(line) != line.get("quantity") for line in _dicts(raw, "line_items"))
    return {
        "external_id": str(raw["id"]),
        "display_number": _text(raw, "name")[:64],
        "placed_at": _text(raw, "processed_at") or _text(raw, "created_at"),
        "updated_at": _text(raw, "updated_at") or None,
        "cancelled_at": _text(raw, "cancelled_at") or None,
        "currency": _text(raw, "currency") or None,
        "customer": _customer(raw),
        "shipping_address": _address(raw),
        "lines": lines,
        "shipping_fee": str(shipping_fee),
        "discount": str(_ZERO if is_reduced else max(order_discount, _ZERO)),
        "tax": "0" if included else _current(raw, "total_tax", is_reduced),
        "total": _current(raw, "total_price", is_reduced),
        "payment": _payment(raw),
        "buyer_note": _text(raw, "note"),
        "tags": list(_tags(raw)),
    }


def _line(raw: Json, included: bool) -> dict[str, Any]:
    """SKUs may be missing in Shopify; then the variant's id is the code, which an alias can name."""
    left, ordered = _left(raw), raw.get("quantity")
    discount = _allocated(raw) if "discount_allocations" in raw else _money(raw, "total_discount")
    if type(left) is int and type(ordered) is int and 0 < left < ordered:
        discount = (discount * left / ordered).quantize(_CENT, ROUND_HALF_UP)
    tax = _ZERO if included else sum((_money(tax, "price") for tax in _dicts(raw, "tax_lines")), _ZERO)
    return {
        "external_id": str(raw.get("id") or ""),
        "sku": _text(raw, "sku") or _text(raw, "variant_id") or _text(raw, "id"),
        "name": (_text(raw, "name") or _text(raw, "title"))[:255],
        "quantity": left,
        "unit_price": _amount(raw, "price"),
        "discount": str(discount),
        "tax": str(tax),
    }


def _left(line: Json) -> Any:
    """How many of a line are still wanted."""
    current = line.get("current_quantity")
    return line.get("quantity") if current is None else current


def _shipping(raw: Json) -> tuple[Decimal, Decimal]:
    """(what is paid for shipping, what was taken off it)."""
    paid = discounts = _ZERO
    for line in _dicts(raw, "shipping_lines"):
        discount = _allocated(line)
        discounts += discount
        if line.get("discounted_price") is not None:
            paid += _money(line, "discounted_price")
        else:
            paid += _money(line, "price") - discount
    return paid, discounts


def _customer(raw: Json) -> dict[str, str]:
    customer = _dict(raw, "customer")
    return {
        "external_id": _text(customer, "id"),
        "name": " ".join(filter(None, (_text(customer, "first_name"), _text(customer, "last_name")))),
        "email": _text(raw, "email") or _text(raw, "contact_email") or _text(customer, "email"),
        "phone": _text(raw, "phone") or _text(customer, "phone"),
    }


def _address(raw: Json) -> dict[str, str]:
    address = _dict(raw, "shipping_address")
    name = " ".join(filter(None, (_text(address, "first_name"), _text(address, "last_name"))))
    street = (_text(address, part) for part in ("address1", "address2", "company"))
    return {
        "name": _text(address, "name") or name,
        "phone": _text(address, "phone"),
        "country": _text(address, "country_code") or _text(address, "country"),
        "province": _text(address, "province"),
        "city": _text(address, "city"),
        "street": ", ".join(filter(None, street)),
        "postal_code": _text(address, "zip"),
    }


def _payment(raw: Json) -> dict[str, Any]:
    status = _text(raw, "financial_status")
    gateways = raw.get("payment_gateway_names")
    names = [str(name) for name in gateways] if isinstance(gateways, list) else []
    return {
        "status": _PAYMENT.get(status, status) or None,
        "method": (", ".join(names) or _text(raw, "gateway"))[:64],
        "paid_at": (_text(raw, "processed_at") or None) if status in _PAID else None,
    }


def _tags(raw: Json) -> Iterator[str]:
    if raw.get("test") is True:
        yield "test"
    yield from (tag.strip()[:64] for tag in _text(raw, "tags").split(",") if tag.strip())


def _current(raw: Json, key: str, is_reduced: bool) -> str:
    return _amount(raw, f"current_{key}" if is_reduced and f"current_{key}" in raw else key)


def _allocated(raw: Json) -> Decimal:
    return sum((_money(part, "amount") for part in _dicts(raw, "discount_allocations")), _ZERO)


def _sum(lines: Iterable[Json], key: str) -> Decimal:
    return sum((Decimal(line[key]) for line in lines), _ZERO)


def _amount(raw: Json, key: str) -> str:
    """An amount in the shop's currency as text; "" where there is none, for the parser to complain about."""
    money = _dict(_dict(raw, f"{key}_set"), "shop_money")
    return _text(money, "amount") or _text(raw, key)


def _money(raw: Json, key: str) -> Decimal:
    try:
        value = Decimal(_amount(raw, key) or "0")
    except InvalidOperation:
        return _ZERO
    return value if value.is_finite() and abs(value) < 10**12 else _ZERO


def _text(raw: Json, key: str) -> str:
    value = raw.get(key)
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


def _dict(raw: Json, key: str) -> Json:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _dicts(raw: Json, key: str) -> list[Json]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

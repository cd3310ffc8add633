"""One canonical order from JSON: everything that is wrong with it is found in one pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from core.addresses import Address
from core.money import CURRENCIES, round_money
from orders.schema.errors import FieldError, Refused
from orders.schema.fields import ADDRESS, CUSTOMER, LINE, MAX_LINES, NESTED, ORDER, PAYMENT, Field, Table
from orders.schema.kinds import ZERO, Parse
from orders.schema.model import (
    CanonicalCustomer,
    CanonicalLine,
    CanonicalOrder,
    CanonicalPayment,
    Defaults,
)
from orders.schema.shared import SharedLine

MAX_ERRORS: Final = 50
MAX_AMOUNT: Final = Decimal(10) ** 12
KEPT_LINES: Final = 16_000
KEPT_CHARACTERS: Final = 300
_SEPARATOR: Final = "\x1f"
_TOTAL: Final = attrgetter("total")
_TAX: Final = attrgetter("tax")

Errors = list[FieldError]


@dataclass(frozen=True, slots=True)
class _Plan:
    fields: Table
    names: frozenset[str]
    parsers: Mapping[str, Parse]
    defaults: Mapping[str, Any]
    required: tuple[str, ...]
    nested: frozenset[str]


def _plan(table: Table, *, nested: tuple[str, ...] = ()) -> _Plan:
    return _Plan(
        table,
        frozenset({field.name for field in table} | set(nested)),
        {field.name: field.kind.parse for field in table},
        {field.name: field.default for field in table},
        tuple(field.name for field in table if field.required),
        frozenset(nested),
    )


_ORDER = _plan(ORDER, nested=tuple(NESTED))
_CUSTOMER, _ADDRESS, _LINE, _PAYMENT = map(_plan, (CUSTOMER, ADDRESS, LINE, PAYMENT))


def parse_order(raw: Any, defaults: Defaults) -> CanonicalOrder | list[FieldError]:
    """The order that `raw` (parsed JSON) means, or at most 50 errors. Never raises, whatever `raw` is."""
    errors: Errors = []
    if type(raw) is not dict:
        return [FieldError("", "not_an_object")]
    top = _fields(_ORDER, raw, "", defaults, errors)
    customer = CanonicalCustomer(**_object(_CUSTOMER, raw, "customer", defaults, errors))
    address = _address(_object(_ADDRESS, raw, "shipping_address", defaults, errors), defaults)
    payment = _object(_PAYMENT, raw, "payment", defaults, errors)
    payment["status"] = payment["status"] or defaults.payment_status
    top["currency"] = top["currency"] or defaults.currency
    lines = _lines(raw.get("lines"), top["currency"], defaults, errors)
    if not errors:
        _complete_amounts(top, lines, errors)
    if errors:
        return errors[:MAX_ERRORS]
    return CanonicalOrder(
        customer=customer,
        shipping_address=address,
        lines=tuple(lines),
        payment=CanonicalPayment(**payment),
        **top,
    )


def _fields(plan: _Plan, raw: dict[str, Any], prefix: str, defaults: Defaults, errors: Errors) -> dict[str, Any]:
    values = _flawless(plan, raw, defaults)
    return _examined(plan, raw, prefix, defaults, errors) if values is None else values


def _flawless(plan: _Plan, raw: dict[str, Any], defaults: Defaults) -> dict[str, Any] | None:
    """The values if nothing is wrong with them, as is the rule; else None."""
    values = dict(plan.defaults)
    parsers = plan.parsers
    try:
        for name, value in raw.items():
            if value is None or name in plan.nested:
                if name not in plan.names:
                    return None
                continue
            parsed = parsers[name](value, defaults)
            if parsed != "":
                values[name] = parsed
    except (Refused, KeyError):
        return None
    for name in plan.required:
        if values[name] == "":
            return None
    return values


def _examined(plan: _Plan, raw: dict[str, Any], prefix: str, defaults: Defaults, errors: Errors) -> dict[str, Any]:
    """The values, with everything that is wrong with them, in the order of the fields."""
    values: dict[str, Any] = {}
    get = raw.get
    for field in plan.fields:
        name = field.name
        value = get(name)
        if value is None:
            values[name] = _absent(field, prefix, errors)
            continue
        try:
            value = field.kind.parse(value, defaults)
        except Refused as refused:
            errors.append(FieldError(prefix + name, refused.code, refused.params))
            value = field.default
        else:
            if value == "":
                value = _absent(field, prefix, errors)
        values[name] = value
    if not raw.keys() <= plan.names:
        errors += _unknown_keys(raw, plan, prefix)
    return values


def _absent(field: Field, prefix: str, errors: Errors) -> Any:
    if field.required:
        errors.append(FieldError(prefix + field.name, "required"))
    return field.default


def _unknown_keys(raw: dict[str, Any], plan: _Plan, prefix: str) -> Errors:
    unknown = [key for key in raw if key not in plan.names]
    return [FieldError(prefix + _printable(key), "unknown_key") for key in unknown[:MAX_ERRORS]]


def _printable(key: Any) -> str:
    """A key of the sender's in a form that can be stored and shown."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(key)[:80])


def _object(plan: _Plan, parent: dict[str, Any], name: str, defaults: Defaults, errors: Errors) -> dict[str, Any]:
    raw = parent.get(name)
    if raw is None:
        raw = {}
    elif type(raw) is not dict:
        errors.append(FieldError(name, "not_an_object"))
        raw = {}
    return _fields(plan, raw, f"{name}.", defaults, errors)


def _address(values: dict[str, Any], defaults: Defaults) -> Address:
    """An address that names anything but no country lies in the channel's own."""
    if not values["country"] and any(values.values()):
        values["country"] = defaults.country
    return Address(**values)


def _lines(raw: Any, currency: str, defaults: Defaults, errors: Errors) -> list[CanonicalLine]:
    lines: list[CanonicalLine] = []
    if error := _no_lines(raw):
        errors.append(error)
        return lines
    known = _known_lines(currency, defaults)
    for index, item in enumerate(raw):
        if is_shared := type(item) is SharedLine:
            line = item.parsed[1] if item.parsed[0] is known else None
        else:
            line = known.find(item)
        if line is None:
            if len(errors) >= MAX_ERRORS:
                break
            count = len(errors)
            line = _line(item.values if is_shared else item, index, currency, defaults, errors)
            if line is None:
                continue
            if len(errors) == count:
                known.keep(item, line)
        lines.append(line)
    return lines


def _no_lines(raw: Any) -> FieldError | None:
    """Why these are no lines to look at."""
    if raw is None:
        return FieldError("lines", "required")
    if type(raw) is not list:
        return FieldError("lines", "not_a_list")
    if not raw:
        return FieldError("lines", "too_few", {"limit": 1})
    return FieldError("lines", "too_many", {"limit": MAX_LINES}) if len(raw) > MAX_LINES else None


class _KnownLines:
    """Lines that parsed without an error, by the texts that they were written with.

    Only lines made of texts alone are kept: 1, 1.0 and true are equal, and not the same. A SharedLine keeps what it
    means itself, and by which of these.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[tuple[str, ...], str], CanonicalLine] = {}

    def find(self, raw: Any) -> CanonicalLine | None:
        try:
            return self._lines.get((tuple(raw), _SEPARATOR.join(raw.values())))
        except (TypeError, AttributeError):
            return None

    def keep(self, raw: Any, line: CanonicalLine) -> None:
        if type(raw) is SharedLine:
            raw.parsed = self, line
            return
        try:
            text = _SEPARATOR.join(raw.values())
        except TypeError:
            return
        # With separators in a text, two lines could share a key.
        if len(text) > KEPT_CHARACTERS or text.count(_SEPARATOR) != len(raw) - 1:
            return
        if len(self._lines) >= KEPT_LINES:
            self._lines.clear()
        self._lines[tuple(raw), text] = line


@lru_cache(maxsize=2)
def _known_lines(_currency: str, _defaults: Defaults) -> _KnownLines:
    """Those of one currency and channel: what else a line is made from."""
    return _KnownLines()


def _line(raw: Any, index: int, currency: str, defaults: Defaults, errors: Errors) -> CanonicalLine | None:
    values = _flawless(_LINE, raw, defaults) if type(raw) is dict else None
    if values is None and (values := _faulty_line(raw, f"lines[{index}]", defaults, errors)) is None:
        return None
    if not CURRENCIES[currency]:
        _check_decimals(values, ("discount", "tax"), currency, f"lines[{index}].", errors)
    gross = values["quantity"] * values["unit_price"]
    total = round_money(gross - values["discount"], currency)
    if gross >= MAX_AMOUNT:
        errors.append(FieldError(f"lines[{index}].unit_price", "too_large", {"limit": str(MAX_AMOUNT)}))
    elif total < 0:
        errors.append(FieldError(f"lines[{index}].discount", "exceeds_amount"))
    return CanonicalLine(**values, total=total)


def _faulty_line(raw: Any, path: str, defaults: Defaults, errors: Errors) -> dict[str, Any] | None:
    if type(raw) is not dict:
        errors.append(FieldError(path, "not_an_object"))
        return None
    known = len(errors)
    values = _examined(_LINE, raw, f"{path}.", defaults, errors)
    return None if len(errors) > known else values


def _complete_amounts(top: dict[str, Any], lines: list[CanonicalLine], errors: Errors) -> None:
    """Compute what the order left out, and check that every amount fits and none is below zero."""
    _check_decimals(top, ("shipping_fee", "discount", "tax", "total"), top["currency"], "", errors)
    top["items_total"] = sum(map(_TOTAL, lines), start=ZERO)
    if top["tax"] is None:
        top["tax"] = sum(map(_TAX, lines), start=ZERO)
    computed = top["items_total"] - top["discount"] + top["shipping_fee"] + top["tax"]
    if top["total"] is None:
        top["total"] = computed
        if computed < 0:
            errors.append(FieldError("discount", "exceeds_amount"))
    if max(top["items_total"], top["tax"], top["total"]) >= MAX_AMOUNT:
        errors.append(FieldError("total", "too_large", {"limit": str(MAX_AMOUNT)}))


def _check_decimals(values: dict[str, Any], names: tuple[str, ...], currency: str, prefix: str, errors: Errors) -> None:
    """Yen have no decimals: the kinds check the column's precision, this checks the currency's."""
    if CURRENCIES[currency]:
        return
    for name in names:
        if values[name] is not None and values[name] % 1:
            errors.append(FieldError(prefix + name, "too_precise", {"places": 0}))

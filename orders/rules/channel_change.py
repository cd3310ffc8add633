"""What a channel changed in an order: two versions compared part by part."""

from typing import Final

from orders.schema import CanonicalOrder

# Parts that decide what is sent where. A change of these after the release needs a person.
PHYSICAL: Final = ("shipping_address", "lines", "ship_by", "buyer_note")
MONETARY: Final = ("currency", "shipping_fee", "discount", "tax", "total")
QUIET: Final = ("payment", "tags", "customer", "display_number", "placed_at", "cancelled_at")


def changed_parts(old: CanonicalOrder | None, new: CanonicalOrder) -> frozenset[str]:
    """The parts in which the versions differ; all of them where the old version isn't known."""
    parts = (*PHYSICAL, *MONETARY, *QUIET)
    if old is None:
        return frozenset(parts)
    return frozenset(part for part in parts if getattr(old, part) != getattr(new, part))


def needs_person(parts: frozenset[str]) -> bool:
    """Whether a change in these parts can't be taken over by itself once the order has been released."""
    return not parts.isdisjoint(PHYSICAL) or not parts.isdisjoint(MONETARY)


def needs_allocation(parts: frozenset[str]) -> bool:
    """Whether stock has to be found anew."""
    return not parts.isdisjoint(("shipping_address", "lines"))


def describe(old: CanonicalOrder | None, new: CanonicalOrder, parts: frozenset[str]) -> dict[str, list[str]]:
    """{part or part.field: [old, new]} as text, for the audit trail and for the person who decides."""
    changes: dict[str, list[str]] = {}
    for part in sorted(parts):
        before, after = getattr(old, part, None), getattr(new, part)
        if part == "lines":
            changes[part] = [_lines(old), _lines(new)]
        elif hasattr(after, "__dataclass_fields__"):
            for name in after.__dataclass_fields__:
                pair = [_text(getattr(before, name, "")), _text(getattr(after, name))]
                if pair[0] != pair[1]:
                    changes[f"{part}.{name}"] = pair
        else:
            changes[part] = [_text(before), _text(after)]
    return changes


def _lines(order: CanonicalOrder | None) -> str:
    if order is None:
        return ""
    return ", ".join(f"{line.quantity} × {line.sku} @ {line.unit_price.normalize():f}" for line in order.lines)


def _text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)

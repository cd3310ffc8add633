"""Raw messages and findings for people who may not see personal data."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.redaction import is_personal, is_secret, mask

_PEOPLE: Final = re.compile(r"(?:^|_)(?:customer|buyer|address|recipient|client_details|payment_details)$")
# What may be seen of an address: where in the world, not at which door.
_COARSE: Final = frozenset({"country", "country_code", "province", "province_code", "city"})

# Parameters of messages that quote what the order says.
_QUOTED: Final = frozenset({"value", "phone", "email"})
# Parts of a person's data that tell who and where; the other parts of an address are shown to everybody.
_PERSONAL_PARTS: Final = frozenset({"name", "phone", "email", "street", "postal_code"})


def masked_finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A stored finding whose words and fix tell nothing of the person: {field, params, expected, suggestion, …}."""
    suggestion = finding["suggestion"] or {}
    shown = {path: mask(value) if is_personal_path(path) else value for path, value in suggestion.items()}
    if not is_personal_path(finding["field"]):
        return {**finding, "suggestion": shown}
    params = {name: mask(value) if name in _QUOTED else value for name, value in finding["params"].items()}
    return {**finding, "params": params, "expected": "", "suggestion": shown}


def is_personal_path(path: str) -> bool:
    """Whether a field of an order, such as "shipping_address.phone", tells who somebody is or where."""
    owner, _dot, part = path.rpartition(".")
    if path == "buyer_note":
        return True
    return part in _PERSONAL_PARTS and _PEOPLE.search(owner) is not None


def masked(value: Any, key: str = "", *, person: bool = False) -> Any:
    """A copy of a channel's message in which everything that tells of a person is masked, at any depth."""
    person = person or _PEOPLE.search(key) is not None
    if isinstance(value, dict):
        return {name: masked(inner, str(name), person=person) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, key, person=person) for inner in value]
    if is_secret(key) or is_personal(key) or key == "note" or (person and key not in _COARSE):
        return mask(value)
    return value


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every leaf of a message, such as ("lines[0].sku", "A-1")."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}[{index}]")
    elif value not in (None, ""):
        yield path, str(value)


def differences(old: Any, new: Any) -> list[tuple[str, str, str]]:
    """(path, old, new) of the leaves that differ."""
    before, after = dict(flat(old)), dict(flat(new))
    paths = [*after, *(path for path in before if path not in after)]
    return [
        (path, before.get(path, ""), after.get(path, ""))
        for path in paths
        if before.get(path, "") != after.get(path, "")
    ]

"""Raw messages for people who may not see personal data."""

import re
from collections.abc import Iterator
from typing import Any, Final

from core.redaction import is_personal, is_secret, mask

_PEOPLE: Final = re.compile(r"(?:^|_)(?:customer|buyer|address|recipient|client_details|payment_details)$")
# What may be seen of an address: where in the world, not at which door.
_COARSE: Final = frozenset({"country", "country_code", "province", "province_code", "city"})


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

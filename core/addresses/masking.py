"""Personal data as somebody without the right to see it may see it."""

import re
from dataclasses import replace

from core.addresses.model import Address
from core.phones import mask_phone

_HAN = re.compile(r"[\u3400-\u9fff]")
_KEPT_OF_STREET = 3


def mask_name(name: str) -> str:
    """The first letter of each word, or the family name: "Ann Lee" → "A*** L***", "王小明" → "王**"."""
    words = name.split()
    if len(words) == 1 and _HAN.match(words[0]):
        return words[0][0] + "*" * min(len(words[0]) - 1, 3)
    return " ".join(word[0] + "***" for word in words)


def mask_email(email: str) -> str:
    """The first letter and the domain: "ann@example.com" → "a***@example.com"."""
    local, at, domain = email.partition("@")
    return f"{local[:1]}***{at}{domain}" if email else ""


def mask_street(street: str) -> str:
    """Three letters and no number: enough to tell two addresses apart, not enough to go there."""
    letters = re.sub(r"^[\W\d_]+", "", street)
    return f"{letters[: min(_KEPT_OF_STREET, len(letters) // 2)]}***" if street.strip() else ""


def mask_postal_code(code: str) -> str:
    """The first half: "200120" → "200***", "LS1 4AP" → "LS1***". A whole British one names a few houses."""
    code = code.strip()
    return f"{code[: len(code) // 2]}***" if code else ""


def mask_address(address: Address) -> Address:
    """The address down to its district; of the rest as much as the other masks leave."""
    return replace(
        address,
        name=mask_name(address.name),
        phone=mask_phone(address.phone),
        street=mask_street(address.street),
        postal_code=mask_postal_code(address.postal_code),
    )

"""Personal data as somebody without the right to see it may see it."""

import re

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
    """The first three characters: enough to tell two addresses apart, not enough to go there."""
    street = street.strip()
    return f"{street[: min(_KEPT_OF_STREET, len(street) // 2)]}***" if street else ""

"""E-mail addresses: one spelling for matching, plausibility, and the typing errors that cost a delivery."""

import re
from typing import Final

# What mail servers accept in practice; buyers type no quoted local parts or address literals (RFC 5321).
_PLAUSIBLE = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})",
    re.ASCII,
)
_MAX_LENGTH: Final = 254

_MISTYPED_DOMAINS: Final = {
    "gamil.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.con": "gmail.com",
    "gmaill.com": "gmail.com",
    "gmial.com": "gmail.com",
    "gnail.com": "gmail.com",
    "hotmai.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "hotmial.com": "hotmail.com",
    "iclod.com": "icloud.com",
    "icloud.con": "icloud.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "yahooo.com": "yahoo.com",
    "qq.con": "qq.com",
    "qq.co": "qq.com",
    "qq.cm": "qq.com",
    "163.con": "163.com",
    "163.co": "163.com",
    "126.con": "126.com",
}


def normalise_email(text: str) -> str:
    """Trimmed and in lower case, or "" if it isn't an address that names one person ("a***@qq.com")."""
    email = text.strip().lower()
    return email if email and "*" not in email and is_plausible_email(email) else ""


def is_plausible_email(text: str) -> bool:
    """Whether mail could be sent to it: form and length only, nothing is looked up."""
    email = text.strip().lower()
    if len(email) > _MAX_LENGTH or not _PLAUSIBLE.fullmatch(email):
        return False
    local = email.partition("@")[0]
    return not (local.startswith(".") or local.endswith(".") or ".." in local)


def corrected_email(text: str) -> str:
    """The address with a well-known typing error of its domain put right, or "" if there is none."""
    local, _, domain = text.strip().rpartition("@")
    right = _MISTYPED_DOMAINS.get(domain.lower(), "")
    return f"{local}@{right}" if local and right else ""

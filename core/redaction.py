"""Which keys hold secrets or personal data, and what stands in their place in logs and in the audit trail."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

# A key is judged by its last part (`shipping_address.phone` by `phone`), whole words between underscores.
_SECRET = re.compile(
    r"(^|_)(password|passwd|secret|token|authorization|cookie|csrfmiddlewaretoken|sessionid|signature|credentials?"
    r"|private_key|api_?key|otp|hmac|sign)(_|$)",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"(^|_)(email|e_mail|phone|mobile|tel|telephone|street|postal_code|postcode|zip|district"
    r"|first_name|last_name|full_name|display_name|customer_name|recipient|recipient_name|contact_name|buyer_name"
    r"|ship_name"
    r"|address|address1|address2|buyer_note|ip_address|birthday|id_number)(_|$)",
    re.IGNORECASE,
)
# A name is a person's where the part before says so: `shipping_address.name`, but not `channel.name`.
_PERSON_S_NAME = re.compile(r"(^|[._])(customer|buyer|recipient|address)\.name$", re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Whether a value under this key must never be written anywhere, not even in part."""
    return _SECRET.search(_last_part(key)) is not None


def is_personal(key: str) -> bool:
    """Whether a value under this key tells something about a person."""
    return _PERSONAL.search(_last_part(key)) is not None or _PERSON_S_NAME.search(key) is not None


def mask(value: Any) -> Any:
    """The first character and a bar of dots: enough to see that a value changed, not what it is."""
    if value is None or value == "":
        return value
    if isinstance(value, Mapping):
        return {key: mask(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask(inner) for inner in value]
    return f"{str(value)[0]}•••"


def redact(value: Any, key: str = "") -> Any:
    """A copy of `value` in which secrets are hidden and personal data masked, at any depth."""
    if key and is_secret(key):
        return HIDDEN if value not in (None, "") else value
    if key and is_personal(key):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: redact(inner, f"{key}.{name}" if key else str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact(inner) for inner in value]
    return value


def _last_part(key: str) -> str:
    return key.rpartition(".")[2].replace("-", "_")

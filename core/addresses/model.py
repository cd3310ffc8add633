"""An address and what can be wrong with it."""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

PARTS: Final = ("name", "phone", "country", "province", "city", "district", "street", "postal_code")


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, its recipient and the number to call. `country` is ISO 3166 alpha-2."""

    name: str = ""
    phone: str = ""
    country: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    postal_code: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it names no place within its country."""
        return not (self.province or self.city or self.district or self.street or self.postal_code)


@dataclass(frozen=True, slots=True)
class AddressProblem:
    """One thing wrong with an address.

    `code` is one of missing, unknown, unknown_country, not_in_parent, wrong_level (a county where its city
    should stand), renamed, unlisted, bad_format, bad_optional (the same for a part that isn't needed) and
    wrong_area. `field` names a part of Address. `expected` says in the address's own words what would be right
    ("" where unknown). `suggestion` holds parts with their right values, None where there is no safe guess.
    """

    code: str
    field: str
    expected: str = ""
    suggestion: dict[str, str] | None = None


_NOISE = re.compile(r"[\W_]+")


def fingerprint(address: Address) -> str:
    """32 hex digits, the same for spellings that differ in case, width, spaces or marks only."""
    parts = (
        address.country, address.province, address.city, address.district, address.street,
        address.postal_code, address.name, address.phone,
    )  # fmt: skip
    text = unicodedata.normalize("NFKC", "\x1f".join(parts)).casefold()
    normal = "\x1f".join(_NOISE.sub("", part) for part in text.split("\x1f"))
    return blake2b(normal.encode(), digest_size=16).hexdigest()

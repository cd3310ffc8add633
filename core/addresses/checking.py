"""Checking an address against reference data."""

from functools import lru_cache

from core.addresses.checking_cn import check_cn
from core.addresses.checking_world import check_world
from core.addresses.model import Address, AddressProblem

# How far into the street a missing district is looked for: the longest district name and its city's.
_STREET_PREFIX = 24


def check_address(address: Address) -> list[AddressProblem]:
    """What is wrong with an address: missing parts, places that don't exist or belong together, postal code.

    China is checked against the list of divisions, other countries against libaddressinput's rules. The phone
    is not checked here. Places seen before cost microseconds.
    """
    if not address.country:
        return [AddressProblem("missing", "country")]
    country = address.country.upper()
    street = address.street[:_STREET_PREFIX] if country == "CN" and not address.district else ""
    problems = _check_places(country, address.province, address.city, address.district, address.postal_code, street)
    missing = [name for name in ("name", "street") if not _says_something(getattr(address, name))]
    if missing or problems:
        return [*(AddressProblem("missing", name) for name in missing), *problems]
    return []


@lru_cache(maxsize=65_536)
def _check_places(
    country: str, province: str, city: str, district: str, postal_code: str, street: str
) -> tuple[AddressProblem, ...]:
    province, city, district, postal_code = (part.strip() for part in (province, city, district, postal_code))
    if country == "CN":
        return tuple(check_cn(province, city, district, postal_code, street))
    return tuple(check_world(country, province, city, district, postal_code))


def _says_something(text: str) -> bool:
    """Whether there is a letter or digit in it: "-" and "." fill a required field and say nothing."""
    return any(character.isalnum() for character in text)

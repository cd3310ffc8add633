"""Is an address outside China complete, and are its province and postal code right?"""

import re
import unicodedata
from collections.abc import Iterator

from core.addresses.model import AddressProblem
from core.addresses.nearest import nearest
from core.addresses.world import Country, Region, country


def check_world(code: str, province: str, city: str, district: str, postal_code: str) -> list[AddressProblem]:
    """Problems of the parts by the rules of the country `code` (alpha-2)."""
    rules = country(code)
    if rules is None:
        return [AddressProblem("unknown_country", "country")]
    given = {"province": province, "city": city, "district": district, "postal_code": postal_code}
    problems = [
        AddressProblem("missing", name, rules.postal_example if name == "postal_code" else "")
        for name, value in given.items()
        if name in rules.required and not value
    ]
    region = rules.regions.get(province.casefold()) if province else None
    if province and rules.regions and region is None and "province" in rules.used:
        problems.append(_unknown_province(rules, province))
    if region and city and region.cities and city.casefold() not in region.cities:
        right = nearest(city, set(region.cities.values()))
        problems.append(AddressProblem("unlisted", "city", right, {"city": right} if right else None))
    if postal_code:
        problems += _check_postal_code(rules, region, postal_code)
    return problems


def _unknown_province(rules: Country, province: str) -> AddressProblem:
    folded = nearest(province.casefold(), rules.regions)
    right = rules.regions[folded] if folded else None
    if right is None:
        return AddressProblem("unknown", "province")
    return AddressProblem("unknown", "province", right.name, {"province": right.name})


def _check_postal_code(rules: Country, region: Region | None, postal_code: str) -> Iterator[AddressProblem]:
    if rules.postal_code is None:
        return
    code = unicodedata.normalize("NFKC", postal_code).upper().strip()
    if not rules.postal_code.fullmatch(code):
        right = _restored(rules.postal_code, region, code)
        suggestion = {"postal_code": right} if right else None
        problem = "bad_format" if "postal_code" in rules.required else "bad_optional"
        yield AddressProblem(problem, "postal_code", right or rules.postal_example, suggestion)
    elif region and region.postal_prefix and not region.postal_prefix.match(code):
        owners = {
            other.name for other in rules.regions.values() if other.postal_prefix and other.postal_prefix.match(code)
        }
        right = owners.pop() if len(owners) == 1 else ""
        yield AddressProblem("wrong_area", "postal_code", right, {"province": right} if right else None)


def _restored(pattern: re.Pattern[str], region: Region | None, code: str) -> str:
    """The code with what spreadsheets and hands take away given back: leading zeros, the space or hyphen."""
    compact = "".join(character for character in code if character.isalnum())
    candidates = [compact, *(compact.zfill(width) for width in (4, 5, 6))]
    candidates += [f"{compact[:-cut]}{mark}{compact[-cut:]}" for cut in (3, 4) for mark in " -"]
    for candidate in candidates:
        fits = pattern.fullmatch(candidate)
        if fits and not (region and region.postal_prefix and not region.postal_prefix.match(candidate)):
            return candidate
    return ""

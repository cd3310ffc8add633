"""Do province, city and district of a Chinese address exist, and do they belong together?"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from core.addresses.china import (
    FORMER,
    GROUPINGS,
    POSTAL_PREFIXES,
    ZONE,
    City,
    Province,
    china,
    clean,
    short_name,
)
from core.addresses.model import AddressProblem
from core.addresses.nearest import nearest

_POSTAL_CODE: Final = re.compile(r"[0-9]{6}")
_NO_POSTAL_CODE: Final = frozenset({"", "000000"})  # what Taobao fills in
_LISTED: Final = 6


def check_cn(
    province_name: str, city_name: str, district_name: str, postal_code: str, street: str
) -> list[AddressProblem]:
    """Problems of the parts; `street` is only searched for a district that is missing."""
    province, city, district = clean(province_name), clean(city_name), clean(district_name)
    found = china().keys.get(province)
    if found is None:
        return [_no_province(province, city), *_postal_code("", postal_code)]
    problems = [] if found.is_special else list(_check_places(found, city, district, clean(street)))
    return [*problems, *_postal_code(found.name, postal_code)]


def _no_province(province: str, city: str) -> AddressProblem:
    places = china()
    cities = places.city_keys.get(city, [])
    owners = {found.province.name for found in cities}
    if len(owners) == 1:
        right = owners.pop()
    elif province and (same := places.city_keys.get(province, [])) and len(same) == 1:
        right = same[0].province.name
    else:
        right = nearest(province, (known.name for known in places.provinces)) if province else ""
        right = right or _by_short_name(province)
    code = "unknown" if province else "missing"
    return AddressProblem(code, "province", right, {"province": right} if right else None)


def _by_short_name(province: str) -> str:
    short = nearest(short_name(province), china().keys, 1) if len(province) > 1 else ""
    return china().keys[short].name if short else ""


def _check_places(province: Province, city: str, district: str, street: str) -> Iterator[AddressProblem]:
    if province.is_municipality and not district and city in province.cities[0].keys:
        city, district = province.name, city
    found = _city(province, city, district)
    if isinstance(found, AddressProblem):
        yield found
        return
    if (not district or district in GROUPINGS) and found.needs_district and district != found.name:
        yield _missing_district(found, street)
    elif district and found.districts:
        yield from _check_district(found, district)


def _city(province: Province, city: str, district: str) -> City | AddressProblem:
    if province.is_municipality and (not city or city in GROUPINGS or china().keys.get(city) is province):
        return province.cities[0]
    if city in province.keys:
        return province.keys[city]
    if province.is_municipality and city in province.cities[0].keys:
        return province.cities[0]  # the district stands where the city should
    by_district = {place.name for place, _ in province.district_keys.get(district, ())} if district else set()
    if (not city or city in GROUPINGS) and district in province.keys:
        return province.keys[district]  # 仙桃市 and its like stand as a city or as a district
    suggestion = by_district.pop() if len(by_district) == 1 else ""
    if not city or city in GROUPINGS:
        return AddressProblem("missing", "city", suggestion, {"city": suggestion} if suggestion else None)
    return _wrong_city(province, city, district, suggestion)


def _wrong_city(province: Province, city: str, district: str, by_district: str) -> AddressProblem:
    counties = province.district_keys.get(city, [])
    if len(counties) == 1:  # 江苏省 昆山市: a county where its city should stand
        parent, county = counties[0]
        suggestion = {"city": parent.name, "district": county}
        return AddressProblem("wrong_level", "city", f"{parent.name} {county}", suggestion)
    elsewhere = china().city_keys.get(city, [])
    for other in elsewhere:
        if not district or district in other.keys:
            suggestion = {"province": other.province.name}
            return AddressProblem("not_in_parent", "city", other.province.name, suggestion)
    right = by_district or nearest(city, (known.name for known in province.cities))
    code = "not_in_parent" if elsewhere else "unknown"
    listed = right or "、".join(known.name for known in province.cities[:_LISTED])
    return AddressProblem(code, "city", listed, {"city": right} if right else None)


def _missing_district(city: City, street: str) -> AddressProblem:
    inside = sorted((name for name in city.districts if street.startswith(name)), key=len)
    right = inside[-1] if inside else ""
    listed = right or "、".join(city.districts[:_LISTED])
    return AddressProblem("missing", "district", listed, {"district": right} if right else None)


def _check_district(city: City, district: str) -> Iterator[AddressProblem]:
    district = district.removeprefix(city.name) or district
    if district in city.keys or short_name(district) in city.keys or not city.needs_district:
        return
    if new := FORMER.get((city.name, district)):
        yield AddressProblem("renamed", "district", new, {"district": new})
        return
    same_province = {place.name for place, _ in city.province.district_keys.get(district, ())}
    if len(same_province) == 1:
        right = same_province.pop()
        yield AddressProblem("not_in_parent", "district", right, {"city": right})
        return
    if right := nearest(district, city.districts, 1 if ZONE.search(district) else None):
        yield AddressProblem("unknown", "district", right, {"district": right})
    elif not ZONE.search(district):
        yield _foreign_district(city, district)


def _foreign_district(city: City, district: str) -> AddressProblem:
    elsewhere = china().district_keys.get(district, [])
    if not elsewhere:
        return AddressProblem("unknown", "district", "、".join(city.districts[:_LISTED]))
    places = [f"{place.province.name} {place.name}" for place, _ in elsewhere]
    suggestion = None
    if len(elsewhere) == 1:
        place = elsewhere[0][0]
        suggestion = {"province": place.province.name, "city": place.name}
    return AddressProblem("not_in_parent", "district", "、".join(places[:_LISTED]), suggestion)


def _postal_code(province: str, text: str) -> Iterator[AddressProblem]:
    """Nobody needs the postal code to deliver in China, but a wrong one says that something else may be wrong."""
    code = unicodedata.normalize("NFKC", text).replace(" ", "")
    if code in _NO_POSTAL_CODE:
        return
    prefixes = POSTAL_PREFIXES.get(province, ())
    right = ", ".join(f"{prefix}xxxx" for prefix in prefixes)
    if not _POSTAL_CODE.fullmatch(code):
        yield AddressProblem("bad_optional", "postal_code", right or "xxxxxx")
    elif prefixes and not code.startswith(prefixes):
        yield AddressProblem("wrong_area", "postal_code", right)

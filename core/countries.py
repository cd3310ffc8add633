"""Countries: ISO 3166 alpha-2 codes, their names in English and Chinese, and what people write instead.

Names come from the CLDR through Babel, so a form, an import file and a page speak of the same countries.
"""

import re
import unicodedata
from functools import cache
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.core import get_global
from django.utils import translation

# CLDR regions of two letters that aren't countries to which a parcel can be addressed.
_NOT_COUNTRIES: Final = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})

# What UCI Online Retail, Chinese forms and marketplaces write. "Channel Islands" has no code of its own and is
# taken for Jersey, where most of their people live; a Guernsey postcode then shows as a finding.
_ALIASES: Final = {
    "America": "US",
    "Bolivia, Plurinational State of": "BO",
    "Britain": "GB",
    "Channel Islands": "JE",
    "Congo-Kinshasa": "CD",
    "Cote d'Ivoire": "CI",
    "Czech Republic": "CZ",
    "Deutschland": "DE",
    "EIRE": "IE",
    "England": "GB",
    "España": "ES",
    "Great Britain": "GB",
    "Holland": "NL",
    "Hong Kong": "HK",
    "Iran, Islamic Republic of": "IR",
    "Italia": "IT",
    "Ivory Coast": "CI",
    "Korea": "KR",
    "Korea, Republic of": "KR",
    "Macao": "MO",
    "Macau": "MO",
    "Mainland China": "CN",
    "Moldova, Republic of": "MD",
    "Northern Ireland": "GB",
    "Palestine": "PS",
    "People's Republic of China": "CN",
    "PR China": "CN",
    "PRC": "CN",
    "Republic of Ireland": "IE",
    "Republic of Korea": "KR",
    "RSA": "ZA",
    "Russian Federation": "RU",
    "Scotland": "GB",
    "Swaziland": "SZ",
    "Taiwan, Province of China": "TW",
    "Tanzania, United Republic of": "TZ",
    "The Netherlands": "NL",
    "Turkey": "TR",
    "U.A.E.": "AE",
    "UAE": "AE",
    "UK": "GB",
    "United States of America": "US",
    "Venezuela, Bolivarian Republic of": "VE",
    "Viet Nam": "VN",
    "Wales": "GB",
    "中华人民共和国": "CN",
    "中国大陆": "CN",
    "中国香港": "HK",
    "中国澳门": "MO",
    "中国台湾": "TW",
    "台灣": "TW",
    "大陆": "CN",
    "朝鲜民主主义人民共和国": "KP",
    "澳门": "MO",
    "美利坚合众国": "US",
    "英格兰": "GB",
    "香港": "HK",
}


@cache
def _names(language: str) -> MappingProxyType[str, str]:
    """Code → name in `language` ("en" or any tag that begins with "zh")."""
    locale = Locale("zh", script="Hans") if language.startswith("zh") else Locale("en")
    names = {code: name for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()}
    return MappingProxyType({code: name for code, name in names.items() if code not in _NOT_COUNTRIES})


def _key(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("&", "and")
    letters = re.sub(r"[^\w]|_", "", "".join(c for c in decomposed if not unicodedata.combining(c)))
    return letters.removeprefix("the")


@cache
def _codes_by_name() -> MappingProxyType[str, str]:
    names = _names("en")
    found = {_key(code): code for code in names}
    # Alpha-3 and numeric codes.
    for alias, codes in get_global("territory_aliases").items():
        if len(codes) == 1 and codes[0] in names:
            found.setdefault(_key(alias), codes[0])
    for language in ("zh", "en"):
        found |= {_key(name): code for code, name in _names(language).items()}
    return MappingProxyType(found | {_key(alias): code for alias, code in _ALIASES.items()})


def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code that `text` means: a code, or a name in English or Chinese; else None.

    "European Community" and "Unspecified", which UCI Online Retail has, mean no country and give None.
    """
    code = text.strip().upper()
    if code in _names("en"):
        return code
    return _codes_by_name().get(_key(text))


def country_name(code: str, language: str | None = None) -> str:
    """The name of a country in `language` (the active one if not given); `code` itself where unknown."""
    return _names(language or translation.get_language() or "en").get(code.upper(), code)


@cache
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    names = _names(language)
    if language.startswith("zh"):
        # Chinese names don't sort by code point; the English order at least is predictable.
        return tuple((code, names[code]) for code in sorted(names, key=lambda code: _names("en")[code]))
    return tuple(sorted(names.items(), key=lambda pair: _key(pair[1])))


def country_choices() -> list[tuple[str, str]]:
    """(code, name) for a form, in the active language, by name."""
    return list(_choices(translation.get_language() or "en"))

"""Phone numbers as people type them: parsing to E.164, checking, comparing, masking."""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumberFormat, ValidationResult

# Spreadsheets and marketplaces wrap numbers: a leading ' or tab, ="138…", zero-width and direction marks.
_WRAPPING = re.compile(r"^[\s'\"=`]+|[\s'\"]+$")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\u30fc\u4e00]")
_SEVERAL = re.compile(r"[/,;、|]|\bor\b|或")
_MASK = re.compile(r"[*•●#xX]{3,}")
# "转 801", "ext. 801"; and the virtual numbers of Chinese marketplaces, "13800138000-1234".
_EXTENSION = re.compile(r"\s*(?:转|轉|分机|分機|ext\.?|x|#)\s*(\d{1,7})$", re.IGNORECASE)
_CN_DASHED_EXTENSION = re.compile(r"^((?:\+?86)?[\s-]?(?:1\d{10}|0\d{2,3}-?\d{7,8}))-(\d{1,6})$")
_CN_MOBILE = re.compile(r"^1[3-9]\d{9}$")
_WRITTEN = re.compile(r"[\d\s()./+-]+")
_SHORTEST = 6  # digits of a whole number without its country code

_REASONS = {
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_COUNTRY_CODE: "invalid_country_code",
}
_ERRORS = {
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}


@dataclass(frozen=True, slots=True)
class PhoneResult:
    """What a typed phone number means.

    `reason` is "" for a valid number, else missing, masked, not_a_number, no_country, too_short, too_long,
    invalid_country_code or invalid. `country` is the ISO code the number belongs to ("" where unknown).
    """

    e164: str | None
    valid: bool
    reason: str = ""
    country: str = ""
    extension: str = ""

    @property
    def identifying(self) -> str:
        """The E.164 form where it names one person, else "".

        A number with an extension doesn't: it is a switchboard, or a marketplace's virtual number that
        serves many buyers in turn.
        """
        return self.e164 or "" if self.valid and not self.extension else ""


@lru_cache(maxsize=65_536)
def parse_phone(text: str, country: str = "") -> PhoneResult:
    """Parse `text` as somebody in `country` (ISO 3166 alpha-2, may be "") would have meant it.

    Where several numbers are given, separated by "/", "," or "、", the first valid one counts.
    """
    cleaned = _clean(text)
    if not cleaned:
        return PhoneResult(None, False, "missing")
    if _MASK.search(cleaned):
        return PhoneResult(None, False, "masked")
    first: PhoneResult | None = None
    for part in _SEVERAL.split(cleaned):
        result = _parse_one(part.strip(), country.upper())
        if result.valid:
            return result
        first = first or result
    return first or PhoneResult(None, False, "missing")


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    return _DASHES.sub("-", _WRAPPING.sub("", _INVISIBLE.sub("", text)))


def _parse_one(text: str, country: str) -> PhoneResult:
    text, extension = _split_extension(text, country)
    if not country and _CN_MOBILE.match(re.sub(r"[\s-]", "", text)):
        country = "CN"
    try:
        number = phonenumbers.parse(text, country or None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and not country:
            return PhoneResult(None, False, "no_country", extension=extension)
        return PhoneResult(None, False, _ERRORS.get(error.error_type, "not_a_number"), extension=extension)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_number(number) or ""
    extension = extension or number.extension or ""
    if phonenumbers.is_valid_number(number):
        return PhoneResult(e164, True, "", region, extension)
    reason = _REASONS.get(phonenumbers.is_possible_number_with_reason(number), "invalid")
    return PhoneResult(None, False, reason, region, extension)


def _split_extension(text: str, country: str) -> tuple[str, str]:
    if match := _EXTENSION.search(text):
        return text[: match.start()], match[1]
    if country in {"", "CN"} and (match := _CN_DASHED_EXTENSION.match(text)):
        return match[1], match[2]
    return text, ""


def same_number(given: str, known: str) -> bool:
    """Whether both texts are the same whole number; where one of them names no country, the rest decides.

    Spaces, dashes, brackets and the zero in front don't matter; a part of a number is never the number. The digits
    are compared in constant time, and nothing is looked up by them or remembered.
    """
    if not (_WRITTEN.fullmatch(_clean(given)) and _WRITTEN.fullmatch(_clean(known))):
        return False
    (code, rest), (known_code, known_rest) = _split_code(given), _split_code(known)
    as_whole = hmac.compare_digest(code + rest, known_code + known_rest)
    without_code = hmac.compare_digest(rest, known_rest) & (not code or not known_code)
    return (as_whole | without_code) & (len(known_rest) >= _SHORTEST)


def _split_code(text: str) -> tuple[str, str]:
    """(country code, "" where the text names none; the other digits without zeros in front)."""
    cleaned = _clean(text)
    digits = "".join(str(unicodedata.decimal(character)) for character in cleaned if character.isdecimal())
    if not cleaned.lstrip("(").startswith(("+", "00")):
        return "", digits.lstrip("0")
    digits = digits.lstrip("0")
    size = next((size for size in (1, 2, 3) if int(digits[:size] or 0) in COUNTRY_CODE_TO_REGION_CODE), 0)
    return digits[:size], digits[size:].lstrip("0")


def format_phone(text: str, country: str = "") -> str:
    """The number as people of its country write it, with the country code in front when it is foreign."""
    result = parse_phone(text, country)
    if not result.e164:
        return text
    number = phonenumbers.parse(result.e164)
    at_home = result.country == country.upper()
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    shown = phonenumbers.format_number(number, style)
    return f"{shown} #{result.extension}" if result.extension else shown


def mask_phone(text: str) -> str:
    """All but the last four digits hidden, and how many there were: "+86 138 0013 8000" → "****8000"."""
    digits = "".join(character for character in unicodedata.normalize("NFKC", text) if character.isdigit())
    if len(digits) <= 4:
        return "****" if text else ""
    return f"****{digits[-4:]}"

"""Currencies and the one place where money is rounded."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
VED VES WST XCD YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

# ISO 4217 code → digits after the decimal point.
CURRENCIES: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
}
# Columns of money have two decimals, so currencies with three are refused wherever one is named.
SUPPORTED: Final = frozenset(code for code, digits in CURRENCIES.items() if digits <= 2)
_STEPS: Final = {digits: Decimal(1).scaleb(-digits) for digits in (0, 2, 3)}


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round to the currency's smallest unit, half up. Raises KeyError for an unknown currency."""
    return amount.quantize(_STEPS[CURRENCIES[currency]], rounding=ROUND_HALF_UP)


def entry_amount(amount: Decimal, currency: str) -> Decimal:
    """An amount as it stands in an input: with the currency's decimals, and with more only where it has more."""
    as_money = amount.quantize(Decimal(1).scaleb(-CURRENCIES.get(currency, 2)))
    return as_money if as_money == amount else amount.normalize()


def currency_choices() -> list[tuple[str, str]]:
    """(code, code) of every currency that amounts can be in, for a select."""
    return [(code, code) for code in sorted(SUPPORTED)]


def currency_problem(code: str) -> str:
    """Why amounts can't be in this currency, in the language of the moment; "" where they can."""
    if code not in CURRENCIES:
        return _("“%(code)s” is no ISO 4217 currency code.") % {"code": code}
    if code not in SUPPORTED:
        return _("%(code)s has three decimals, which amounts here don't keep.") % {"code": code}
    return ""


def check_currency(code: str) -> None:
    """For the clean() of a model with a currency: raises ValidationError for its field."""
    if problem := currency_problem(code):
        raise ValidationError({"currency": problem})

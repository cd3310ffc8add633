"""Can the parcel be delivered, and the buyer be reached?"""

from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext_lazy as _

from core.addresses import AddressProblem, check_address
from core.emails import corrected_email, is_plausible_email
from core.phones import parse_phone
from orders.enums import FindingSeverity, HoldReason
from orders.rules.validation.facts import FindingDraft, OrderFacts
from orders.rules.validation.registry import Check, check, rule

ERROR, WARNING, INFO = FindingSeverity.ERROR, FindingSeverity.WARNING, FindingSeverity.INFO
ADDRESS: Final = HoldReason.ADDRESS
# Where couriers don't set out without a number to call.
_PHONE_COUNTRIES: Final = frozenset({"CN"})

MISSING_CHECKS: Final[dict[str, Check]] = {
    part: check(f"address.no_{part}", ERROR, ADDRESS, text)
    for part, text in (
        ("name", _("The recipient's name is missing.")),
        ("country", _("The country is missing.")),
        ("province", _("The province or state is missing.")),
        ("city", _("The city is missing.")),
        ("district", _("The district is missing.")),
        ("street", _("The street is missing.")),
        ("postal_code", _("The postal code is missing.")),
    )
}
ADDRESS_CHECKS: Final[dict[str, Check]] = {
    problem: check(f"address.{problem}", severity, ADDRESS, text)
    for problem, severity, text in (
        ("unknown", ERROR, _("“%(value)s” doesn't exist.")),
        ("unknown_country", ERROR, _("“%(value)s” isn't a country.")),
        ("not_in_parent", ERROR, _("“%(value)s” doesn't lie where the address says.")),
        ("wrong_level", WARNING, _("“%(value)s” is a county, not a city.")),
        ("renamed", INFO, _("“%(value)s” has another name now.")),
        ("unlisted", WARNING, _("“%(value)s” isn't in the list of the postal service.")),
        ("bad_format", ERROR, _("“%(value)s” isn't a postal code of this country.")),
        ("bad_optional", WARNING, _("“%(value)s” doesn't look like a postal code of this country.")),
        ("wrong_area", WARNING, _("The postal code %(value)s belongs to another area.")),
    )
}
PHONE_MISSING = check("phone.missing", ERROR, ADDRESS, _("There is no phone number to call at delivery."))
PHONE_INVALID = check("phone.invalid", ERROR, ADDRESS, _("%(phone)s isn't a valid phone number."))
PHONE_MASKED = check("phone.masked", ERROR, ADDRESS, _("The channel hid the phone number: %(phone)s."))
PHONE_FOREIGN = check(
    "phone.foreign",
    INFO,
    ADDRESS,
    _("The phone number belongs to %(phone_country)s, the address to %(country)s."),
)
EMAIL_INVALID = check("email.invalid", WARNING, ADDRESS, _("%(email)s isn't an e-mail address."))
EMAIL_MISTYPED = check("email.mistyped", WARNING, ADDRESS, _("%(email)s looks mistyped."))


@rule
def address(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Complete, and province, city, district and postal code exist and belong together."""
    if not facts.channel.requires_address:
        return
    for problem in check_address(facts.ship_to):
        yield _address_finding(facts, problem)


def _address_finding(facts: OrderFacts, problem: AddressProblem) -> FindingDraft:
    suggestion = {f"shipping_address.{part}": value for part, value in (problem.suggestion or {}).items()}
    found = MISSING_CHECKS[problem.field] if problem.code == "missing" else ADDRESS_CHECKS[problem.code]
    return found(
        f"shipping_address.{problem.field}",
        expected=problem.expected,
        suggestion=suggestion or None,
        value=getattr(facts.ship_to, problem.field),
    )


@rule
def phone(facts: OrderFacts) -> Iterator[FindingDraft]:
    """The number to call at delivery (the recipient's, else the buyer's) is valid for the country."""
    if not facts.channel.requires_address:
        return
    country = facts.ship_to.country or facts.channel.country
    number = facts.ship_to.phone or facts.buyer_phone
    field = "shipping_address.phone" if facts.ship_to.phone or not facts.buyer_phone else "customer.phone"
    result = parse_phone(number, country)
    if result.reason == "missing":
        if country in _PHONE_COUNTRIES:
            yield PHONE_MISSING(field)
    elif result.reason == "masked":
        yield PHONE_MASKED(field, phone=number)
    elif not result.valid:
        yield PHONE_INVALID(field, phone=number, reason=result.reason, country=country)
    elif result.country and result.country != country:
        yield PHONE_FOREIGN(field, phone_country=result.country, country=country)


@rule
def email(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Messages would reach the buyer."""
    text = facts.buyer_email
    if not text:
        return
    if not is_plausible_email(text):
        yield EMAIL_INVALID("customer.email", email=text)
    elif right := corrected_email(text):
        yield EMAIL_MISTYPED("customer.email", expected=right, suggestion={"customer.email": right}, email=text)

"""Do the totals agree with the lines?"""

from collections.abc import Iterator
from decimal import Decimal
from operator import attrgetter
from typing import Final

from django.utils.translation import gettext_lazy as _

from core.money import CURRENCIES, round_money
from orders.enums import FindingSeverity, HoldReason
from orders.rules.balance import PAID_FOR_TOTAL
from orders.rules.validation.facts import FindingDraft, OrderFacts
from orders.rules.validation.registry import check, rule

ERROR, WARNING = FindingSeverity.ERROR, FindingSeverity.WARNING
# A channel may round each line, the tax of each line and the sum apart: half a unit each.
_ROUNDINGS_PER_LINE: Final = 2
_TOTAL: Final = attrgetter("total")
_TAX: Final = attrgetter("tax")

CURRENCY_UNKNOWN = check("currency.unknown", ERROR, HoldReason.PRICE, _("%(currency)s isn't a currency of ISO 4217."))
CURRENCY_FOREIGN = check(
    "currency.foreign",
    WARNING,
    HoldReason.PRICE,
    _("The order is in %(currency)s, the channel sells in %(usual)s."),
)
LINE_TOTAL = check(
    "totals.line", ERROR, HoldReason.PRICE,
    _("Line %(line)s: the total is %(stated)s, quantity × price − discount gives %(computed)s."),
    amounts=("stated", "computed"),
)  # fmt: skip
ITEMS_TOTAL = check(
    "totals.items",
    ERROR,
    HoldReason.PRICE,
    _("The items add up to %(computed)s, the order says %(stated)s."),
    amounts=("computed", "stated"),
)
TAX = check(
    "totals.tax", WARNING, HoldReason.PRICE,
    _("The tax of the lines adds up to %(computed)s, the order says %(stated)s."),
    amounts=("computed", "stated"),
)  # fmt: skip
DISCOUNT = check(
    "totals.discount", ERROR, HoldReason.PRICE,
    _("The discount of %(discount)s is more than the goods of %(items)s and the shipping."),
    amounts=("discount", "items"),
)  # fmt: skip
NEGATIVE = check(
    "totals.negative", ERROR, HoldReason.PRICE, _("The amount %(amount)s is below zero."), amounts=("amount",)
)
TOTAL = check(
    "totals.total",
    ERROR,
    HoldReason.PRICE,
    _("The order adds up to %(computed)s, the channel says %(stated)s."),
    amounts=("computed", "stated"),
)


@rule
def currency(facts: OrderFacts) -> Iterator[FindingDraft]:
    """A currency that exists, and that the channel sells in."""
    usual = facts.channel.currency
    if facts.currency not in CURRENCIES:
        yield CURRENCY_UNKNOWN("currency", expected=usual, suggestion={"currency": usual}, currency=facts.currency)
    elif facts.currency != usual and facts.currency not in facts.channel.listed("currencies"):
        yield CURRENCY_FOREIGN("currency", expected=usual, currency=facts.currency, usual=usual)


@rule
def line_totals(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Each line's total is quantity × price − discount; together they are the items' total."""
    tolerance = _unit(facts.currency)
    for index, line in enumerate(facts.lines):
        computed = line.quantity * line.unit_price - line.discount
        if computed != line.total and abs(computed - line.total) > tolerance:
            right = str(_rounded(computed, facts.currency))
            yield LINE_TOTAL(
                f"lines[{index}].total",
                expected=right,
                line=index + 1,
                stated=str(line.total),
                computed=right,
            )
    total = sum(map(_TOTAL, facts.lines), start=Decimal(0))
    if total != facts.items_total:
        yield ITEMS_TOTAL("items_total", expected=str(total), computed=str(total), stated=str(facts.items_total))


@rule
def signs(facts: OrderFacts) -> Iterator[FindingDraft]:
    """No amount is negative, and no discount takes more than there is."""
    for name in ("shipping_fee", "discount", "tax", "total"):
        if (amount := getattr(facts, name)) < 0:
            yield NEGATIVE(name, amount=str(amount))
    if facts.discount > facts.items_total + facts.shipping_fee:
        yield DISCOUNT("discount", discount=str(facts.discount), items=str(facts.items_total))


@rule
def order_total(facts: OrderFacts) -> Iterator[FindingDraft]:
    """The total is items − discount + shipping + tax, or without tax where the prices include it.

    Channel setting "tax": "exclusive", "inclusive", or "any" (the default): either is right.
    """
    without_tax = facts.items_total - facts.discount + facts.shipping_fee
    with_tax = without_tax + facts.tax
    ways = {"exclusive": (with_tax,), "inclusive": (without_tax,)}
    right = ways.get(facts.channel.settings.get("tax", "any"), (with_tax, without_tax))
    tolerance = _tolerance(facts)
    if all(abs(amount - facts.total) > tolerance for amount in right):
        computed = str(_rounded(right[0], facts.currency))
        yield TOTAL(
            "total",
            expected=computed,
            suggestion=_mended_total(facts, _rounded(right[0], facts.currency)),
            computed=computed,
            stated=str(facts.total),
        )


def _mended_total(facts: OrderFacts, computed: Decimal) -> dict[str, str] | None:
    """The total that the parts give. Who has paid less isn't asked for more: the difference is a discount that the
    channel didn't name."""
    missing = computed - facts.total
    if facts.payment_status in PAID_FOR_TOTAL and missing > 0:
        discount = facts.discount + missing
        within = discount <= facts.items_total + facts.shipping_fee
        return {"discount": str(discount)} if within else None
    return {"total": str(computed)} if computed >= 0 else None


@rule
def tax_of_lines(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Where lines carry tax, the order's tax is theirs; more is the shipping's."""
    taxes = sum(map(_TAX, facts.lines), start=Decimal(0))
    difference = facts.tax - taxes
    of_shipping = difference > 0 and facts.shipping_fee > 0
    if taxes and abs(difference) > _tolerance(facts) and not of_shipping:
        yield TAX("tax", expected=str(taxes), computed=str(taxes), stated=str(facts.tax))


def _unit(code: str) -> Decimal:
    """The currency's smallest unit."""
    return Decimal(1).scaleb(-CURRENCIES.get(code, 2))


def _tolerance(facts: OrderFacts) -> Decimal:
    return _unit(facts.currency) * Decimal(1 + _ROUNDINGS_PER_LINE * len(facts.lines)) / 2


def _rounded(amount: Decimal, code: str) -> Decimal:
    return round_money(amount, code) if code in CURRENCIES else amount.quantize(_unit(code))

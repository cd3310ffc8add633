"""Are the lines what the company sells, in sane numbers at sane prices?"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from orders.enums import FindingSeverity, HoldReason
from orders.rules.validation.facts import FindingDraft, LineFacts, OrderFacts
from orders.rules.validation.registry import check, rule

ERROR, WARNING = FindingSeverity.ERROR, FindingSeverity.WARNING

# Channels set their own under "limits" in their settings.
LINE_QUANTITY: Final = Decimal(5_000)
TIMES_USUAL_QUANTITY: Final = Decimal(10)
UNUSUAL_FROM: Final = 50  # pieces; of fewer, no number is unusual
PRICE_RATIO: Final = Decimal(3)
# "total" has no default: what is a large order differs too much between channels.

SKU_UNKNOWN = check("sku.unknown", ERROR, HoldReason.STOCK, _("Line %(line)s: nothing is known as %(sku)s."))
SKU_INACTIVE = check("sku.inactive", ERROR, HoldReason.STOCK, _("Line %(line)s: %(sku)s is no longer sold."))
QUANTITY_NOT_POSITIVE = check(
    "quantity.not_positive", ERROR, HoldReason.PRICE, _("Line %(line)s: the quantity is %(quantity)s.")
)
QUANTITY_LIMIT = check(
    "quantity.limit", ERROR, HoldReason.PRICE,
    _("Line %(line)s: %(quantity)s pieces are more than the channel's limit of %(limit)s."),
    counts=("quantity", "limit"),
)  # fmt: skip
QUANTITY_UNUSUAL = check(
    "quantity.unusual", WARNING, HoldReason.PRICE,
    _("Line %(line)s: %(quantity)s pieces; orders usually have up to %(usual)s."),
    counts=("quantity", "usual"),
)  # fmt: skip
PRICE_NEGATIVE = check(
    "price.negative",
    ERROR,
    HoldReason.PRICE,
    _("Line %(line)s: the price %(price)s is below zero."),
    amounts=("price",),
)
PRICE_ZERO = check("price.zero", WARNING, HoldReason.PRICE, _("Line %(line)s: the price is zero."))
PRICE_FAR_FROM_LIST = check(
    "price.far_from_list", WARNING, HoldReason.PRICE,
    _("Line %(line)s: the price %(price)s is far from the list price %(list_price)s."),
    amounts=("price", "list_price"),
)  # fmt: skip
TOTAL_LIMIT = check(
    "total.limit",
    WARNING,
    HoldReason.PRICE,
    _("The total %(total)s is above the channel's limit of %(limit)s."),
    amounts=("total", "limit"),
)


@rule
def skus(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Every line's SKU is known and still sold."""
    for index, line in enumerate(facts.lines):
        if line.sku is None:
            yield SKU_UNKNOWN(f"lines[{index}].sku", line=index + 1, sku=line.external_sku)
        elif not line.sku.is_active:
            yield SKU_INACTIVE(f"lines[{index}].sku", line=index + 1, sku=line.sku.code)


@rule
def quantities(facts: OrderFacts) -> Iterator[FindingDraft]:
    """At least one piece, at most the channel's limit, and of what is many at all not far more than usual."""
    limit = facts.channel.limit("line_quantity", LINE_QUANTITY)
    times = facts.channel.limit("times_usual_quantity", TIMES_USUAL_QUANTITY)
    for index, line in enumerate(facts.lines):
        quantity, usual = line.quantity, line.usual_quantity
        if quantity <= 0:
            yield QUANTITY_NOT_POSITIVE(f"lines[{index}].quantity", line=index + 1, quantity=quantity)
        elif quantity > limit:
            yield QUANTITY_LIMIT(
                f"lines[{index}].quantity",
                expected=f"≤ {limit}",
                line=index + 1,
                quantity=quantity,
                limit=str(limit),
            )
        elif usual and quantity >= UNUSUAL_FROM and quantity > usual * times:
            yield QUANTITY_UNUSUAL(
                f"lines[{index}].quantity", expected=f"≤ {usual}", line=index + 1, quantity=quantity, usual=usual
            )


@rule
def prices(facts: OrderFacts) -> Iterator[FindingDraft]:
    """Not negative; zero and far from the list price deserve a look."""
    ratio = facts.channel.limit("price_ratio", PRICE_RATIO)
    for index, line in enumerate(facts.lines):
        price = line.unit_price
        if price < 0:
            yield PRICE_NEGATIVE(f"lines[{index}].unit_price", line=index + 1, price=str(price))
        elif not price:
            yield PRICE_ZERO(f"lines[{index}].unit_price", line=index + 1)
        elif (usual := _list_price(line, facts.currency)) and usual != price and not _is_near(price, usual, ratio):
            yield PRICE_FAR_FROM_LIST(
                f"lines[{index}].unit_price",
                expected=str(usual),
                line=index + 1,
                price=str(price),
                list_price=str(usual),
            )


@rule
def order_size(facts: OrderFacts) -> Iterator[FindingDraft]:
    """The total stays below the channel's limit, where it has one."""
    limit = facts.channel.limit("total", Decimal(0))
    if limit and facts.total > limit:
        yield TOTAL_LIMIT("total", expected=f"≤ {limit}", total=str(facts.total), limit=str(limit))


def _is_near(price: Decimal, usual: Decimal, ratio: Decimal) -> bool:
    return usual / ratio <= price <= usual * ratio


def _list_price(line: LineFacts, currency: str) -> Decimal | None:
    """The list price, where there is one that compares with the line's."""
    return line.sku.unit_price if line.sku and line.sku.currency == currency else None

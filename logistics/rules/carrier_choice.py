"""Which carrier takes a parcel."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """What a rule may ask about: grams, ISO 3166 country, province as written, order total in its currency."""

    warehouse_id: int
    channel_id: int
    country: str
    province: str
    weight_g: int
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """One rule; None or an empty set means that it doesn't ask. `min_total` is in `currency` (any if empty)."""

    rule_id: int
    carrier_id: int
    service: str
    warehouse_id: int | None = None
    channel_id: int | None = None
    countries: frozenset[str] = frozenset()
    provinces: frozenset[str] = frozenset()
    max_weight_g: int | None = None
    min_total: Decimal | None = None
    currency: str = ""


def choose(rules: Iterable[ChoiceRule], facts: ParcelFacts) -> ChoiceRule | None:
    """The first rule, in the order given, all of whose conditions hold."""
    return next((rule for rule in rules if matches(rule, facts)), None)


def matches(rule: ChoiceRule, facts: ParcelFacts) -> bool:
    return (
        rule.warehouse_id in (None, facts.warehouse_id)
        and rule.channel_id in (None, facts.channel_id)
        and (not rule.countries or facts.country in rule.countries)
        and (not rule.provinces or _among(facts.province, rule.provinces))
        and (rule.max_weight_g is None or facts.weight_g <= rule.max_weight_g)
        and _worth(rule, facts)
    )


def _among(province: str, wanted: frozenset[str]) -> bool:
    """Provinces are written with and without their suffix: 广东 is 广东省."""
    return bool(province) and any(province.startswith(name) or name.startswith(province) for name in wanted)


def _worth(rule: ChoiceRule, facts: ParcelFacts) -> bool:
    if rule.min_total is None:
        return True
    return facts.total >= rule.min_total and rule.currency in ("", facts.currency)

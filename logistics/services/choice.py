"""Which carrier takes a parcel, by the managers' rules."""

from collections.abc import Sequence

from logistics.models import CarrierRule, Shipment
from logistics.rules.carrier_choice import ChoiceRule, ParcelFacts, choose


def active_rules() -> list[ChoiceRule]:
    """The rules in force, first come first; rules of a carrier that is switched off don't count."""
    rows = CarrierRule.objects.filter(is_active=True, carrier__is_active=True).order_by("priority", "id")
    return [
        ChoiceRule(
            rule_id=rule.pk,
            carrier_id=rule.carrier_id,
            service=rule.service,
            warehouse_id=rule.warehouse_id,
            channel_id=rule.channel_id,
            countries=frozenset(country.upper() for country in rule.countries),
            provinces=frozenset(rule.provinces),
            max_weight_g=rule.max_weight_g,
            min_total=rule.min_total,
            currency=rule.currency,
        )
        for rule in rows
    ]


def choose_carrier(shipment: Shipment, rules: Sequence[ChoiceRule]) -> ChoiceRule | None:
    """The rule that takes this parcel, or None. `shipment` comes with its order loaded."""
    order = shipment.order
    return choose(
        rules,
        ParcelFacts(
            warehouse_id=shipment.warehouse_id,
            channel_id=order.channel_id,
            country=shipment.destination_country,
            province=order.ship_province,
            weight_g=shipment.weight_g,
            total=order.total,
            currency=order.currency,
        ),
    )

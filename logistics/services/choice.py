"""Which carrier takes a parcel, by the managers' rules."""

from collections.abc import Sequence

from logistics.models import Carrier, CarrierRule, Shipment
from logistics.rules.carrier_choice import ChoiceRule, ParcelFacts, choose, matches


def active_rules() -> list[ChoiceRule]:
    """The rules in force, first come first; rules of a carrier that is switched off don't count."""
    return _rules(carrier__is_active=True)


def carriers_switched_off(shipments: Sequence[Shipment]) -> dict[int, list[Carrier]]:
    """By parcel, the carriers that its rules would choose were they not switched off, first come first.

    For parcels that no rule in force takes; they come with their orders loaded.
    """
    rules = _rules(carrier__is_active=False) if shipments else []
    carriers = Carrier.objects.in_bulk({rule.carrier_id for rule in rules})
    found: dict[int, list[Carrier]] = {}
    for shipment in shipments:
        facts = _facts(shipment)
        taking = dict.fromkeys(rule.carrier_id for rule in rules if matches(rule, facts))
        found[shipment.pk] = [carriers[carrier_id] for carrier_id in taking]
    return found


def _rules(**conditions: bool) -> list[ChoiceRule]:
    rows = CarrierRule.objects.filter(is_active=True, **conditions).order_by("priority", "id")
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
    return choose(rules, _facts(shipment))


def _facts(shipment: Shipment) -> ParcelFacts:
    order = shipment.order
    return ParcelFacts(
        warehouse_id=shipment.warehouse_id,
        channel_id=order.channel_id,
        country=shipment.destination_country,
        province=order.ship_province,
        weight_g=shipment.weight_g,
        total=order.total,
        currency=order.currency,
    )

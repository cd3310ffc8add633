"""The delivery date promised at hand-over, from the carrier's table of transit times."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from logistics.models import Shipment, TransitTime
from logistics.rules.delivery_estimate import Journey, Transit, estimate_delivery, pick_transit

Tables = Mapping[int, Sequence[Transit]]


def estimate_for(shipment: Shipment, tables: Tables, *, handed_over_at: datetime) -> datetime | None:
    """When a parcel is promised; None where the carrier's table has nothing for its journey.

    `shipment` comes with carrier, warehouse and order loaded.
    """
    carrier, warehouse = shipment.carrier, shipment.warehouse
    if carrier is None:
        return None
    transit = pick_transit(
        tables.get(carrier.pk, ()),
        Journey(
            service=shipment.service,
            origin_country=warehouse.country,
            country=shipment.destination_country,
            province=shipment.order.ship_province,
        ),
    )
    if transit is None:
        return None
    return estimate_delivery(
        handed_over_at=handed_over_at,
        transit=transit,
        zone=ZoneInfo(warehouse.time_zone),
        cut_off=warehouse.cut_off,
        is_holiday=_holidays(shipment.destination_country),
        time_scale=carrier.time_scale,
    )


def transit_tables(carrier_ids: Iterable[int]) -> Tables:
    """The transit times of carriers, read once for a whole batch."""
    tables: dict[int, list[Transit]] = defaultdict(list)
    rows = TransitTime.objects.filter(carrier_id__in=list(carrier_ids)).values_list(
        "carrier_id", "days", "service", "origin_country", "country", "province", "business_days_only"
    )
    for carrier_id, days, service, origin, country, province, business_days_only in rows:
        tables[carrier_id].append(Transit(days, service, origin, country, province, business_days_only))
    return tables


@lru_cache(maxsize=64)
def _holidays(country: str) -> Callable[[date], bool]:
    """Whether a day is a public holiday where the parcel goes; never, in countries that the data lack."""
    import holidays  # noqa: PLC0415 - large, and only processes that learn of a hand-over need it

    try:
        known = holidays.country_holidays(country)
    except NotImplementedError:
        return lambda _day: False
    return lambda day: day in known

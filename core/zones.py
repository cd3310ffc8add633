"""Names of time zones, read once: the library opens six hundred files each time it is asked for them."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zone_names() -> frozenset[str]:
    """Every zone of the IANA database that this machine has."""
    return frozenset(available_timezones())


@cache
def zone_choices() -> tuple[tuple[str, str], ...]:
    """(name, label) of the zones that are named after places, by name, and of UTC."""
    places = sorted(name for name in zone_names() if "/" in name)
    return (*((name, name.replace("_", " ")) for name in places), ("UTC", "UTC"))

"""An order's parcels, as the API tells them: logistics, which has them, says how to find them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel: `carrier` is its code, `status` the code of its state; texts are empty where not known yet."""

    tracking_number: str
    carrier: str
    status: str
    last_event_at: datetime | None


Source = Callable[[int], Sequence[Parcel]]
_sources: list[Source] = []


def register_parcels(source: Source) -> None:
    """Name a source: it gets an order's id and gives its parcels, those that were cancelled left out."""
    _sources.append(source)


def parcels_of(order_id: int) -> list[Parcel]:
    return [parcel for source in _sources for parcel in source(order_id)]

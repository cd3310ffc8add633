"""The sandbox's parcels, its clock and its memory on disk."""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from logistics.sandbox import routes


@dataclass(slots=True)
class Parcel:
    """A label that was bought. `started_at` (Unix seconds) is the pick-up; None while the label lies in the
    printer: the first question or subscription about a parcel counts as its hand-over."""

    number: str
    company: str
    reference: str
    origin: str
    destination: str
    country: str
    outcome: str
    created_at: float
    started_at: float | None = None
    voided: bool = False
    callback: str = ""
    salt: str = ""
    pushed: int = 0
    details: dict[str, str] = field(default_factory=dict)
    # Wall-clock times of events that were told before time was advanced: history doesn't move.
    told: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that the carrier already knows, at its wall-clock time."""

    at: float
    step: routes.Step


class World:
    """All parcels, kept in memory and written through to SQLite. One thread only.

    `speed` is how many simulated seconds pass in a real one: 1440 makes a day of a minute.
    """

    def __init__(self, *, speed: float, path: str = ":memory:", rates: Mapping[str, float] | None = None) -> None:
        self.speed = speed
        self.rates = dict(routes.DEFAULT_RATES if rates is None else rates)
        self.parcels: dict[str, Parcel] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self._plans: dict[str, list[Happened]] = {}
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS parcel (number TEXT PRIMARY KEY, data TEXT NOT NULL);"
        )
        for (data,) in self._db.execute("SELECT data FROM parcel"):
            self._remember(Parcel(**json.loads(data)))

    def close(self) -> None:
        self._db.close()

    def add(self, parcels: Iterable[Parcel]) -> None:
        added = list(parcels)
        for parcel in added:
            self._remember(parcel)
        self.save(added)

    def save(self, parcels: Iterable[Parcel]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO parcel VALUES (?, ?)", [(p.number, _dump(p)) for p in parcels])
        self._db.execute("COMMIT")

    def _remember(self, parcel: Parcel) -> None:
        self.parcels[parcel.number] = parcel
        if parcel.reference:
            self._by_reference[parcel.company, parcel.reference] = parcel.number
        self._plans.pop(parcel.number, None)

    def by_reference(self, company: str, reference: str) -> Parcel | None:
        """The parcel bought before under our reference and not given back since."""
        number = self._by_reference.get((company, reference))
        parcel = self.parcels.get(number) if number else None
        return parcel if parcel and not parcel.voided else None

    def hand_over(self, parcel: Parcel) -> None:
        """Start the parcel's journey, once."""
        if parcel.started_at is None:
            parcel.started_at = time.time()
            self._plans.pop(parcel.number, None)
            self.save([parcel])

    def set_outcome(self, number: str, outcome: str) -> None:
        parcel = self.parcels[number]
        parcel.outcome = outcome
        self._plans.pop(number, None)
        self.save([parcel])

    def advance(self, hours: float, number: str = "") -> int:
        """Let simulated hours pass at once, for one parcel or for all; returns how many moved."""
        shift = hours * 3600 / self.speed
        moved = [p for p in self._chosen(number) if p.started_at is not None]
        for parcel in moved:
            parcel.told = [event.at for event in self.happened(parcel)]
            parcel.started_at = (parcel.started_at or 0) - shift
            parcel.created_at -= shift
            self._plans.pop(parcel.number, None)
        self.save(moved)
        return len(moved)

    def _chosen(self, number: str) -> Iterable[Parcel]:
        return [self.parcels[number]] if number else list(self.parcels.values())

    def plan(self, parcel: Parcel) -> list[Happened]:
        """Every event of the parcel's life, oldest first, future ones too."""
        found = self._plans.get(parcel.number)
        if found is None:
            found = self._plans[parcel.number] = self._plan(parcel)
        return found

    def _plan(self, parcel: Parcel) -> list[Happened]:
        if parcel.started_at is None:
            return []
        start = parcel.started_at
        steps = routes.steps_for(
            number=parcel.number,
            origin=parcel.origin,
            destination=parcel.destination,
            country=parcel.country,
            outcome=parcel.outcome,
        )
        events: list[Happened] = []
        for index, step in enumerate(steps):
            if index < len(parcel.told):
                at = parcel.told[index]
            else:
                at = start + step.hours * 3600 / self.speed
                if events:
                    at = max(at, events[-1].at)
            events.append(Happened(at, step))
        return events

    def happened(self, parcel: Parcel) -> list[Happened]:
        """The events so far, oldest first."""
        now = time.time()
        return [event for event in self.plan(parcel) if event.at <= now]

    def arrives_at(self, parcel: Parcel) -> float | None:
        """When the parcel is expected, as the carrier would say: the normal journey's end."""
        if parcel.started_at is None:
            return None
        steps = routes.steps_for(
            number=parcel.number,
            origin=parcel.origin,
            destination=parcel.destination,
            country=parcel.country,
            outcome=routes.NORMAL,
        )
        return parcel.started_at + steps[-1].hours * 3600 / self.speed


def _dump(parcel: Parcel) -> str:
    return json.dumps({name: getattr(parcel, name) for name in Parcel.__slots__}, ensure_ascii=False)

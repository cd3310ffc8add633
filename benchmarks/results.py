"""What a benchmark found, as a line of the table and as an entry of results.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Result:
    """One figure: the median of its rounds beside the median of its floor's, which ran in between.

    `ratio` is value ÷ floor; `target` says what it should be, `met` whether it is (None where there is no
    target). `conditions` states data, concurrency and durability.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    floor_spread: tuple[float, float] | None = None
    rounds: int = 1
    target: str = ""
    met: bool | None = None
    conditions: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""


def measured(
    name: str,
    unit: str,
    values: Sequence[float],
    *,
    floors: Sequence[float] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    conditions: dict[str, Any],
    details: dict[str, Any] | None = None,
) -> Result:
    """A result of several rounds. `at_least` and `at_most` judge the ratio, or the value where there is no floor."""
    value, floor = median(values), median(floors) if floors else None
    ratio = value / floor if floor else None
    judged, what = (value, unit) if ratio is None else (ratio, "× floor")
    met, target = None, ""
    if at_least is not None:
        met, target = judged >= at_least, f"≥ {at_least:g} {what}"
    if at_most is not None:
        met, target = judged <= at_most, f"≤ {at_most:g} {what}"
    return Result(
        name, _short(value), unit, _short(floor), _short(ratio),
        spread=(_round(min(values)), _round(max(values))),
        floor_spread=(_round(min(floors)), _round(max(floors))) if floors else None,
        rounds=len(values), target=target, met=met, conditions=conditions, details=details or {},
    )  # fmt: skip


def skipped(name: str, unit: str, reason: str) -> Result:
    """A benchmark that can't run here."""
    return Result(name, 0.0, unit, rounds=0, skipped=reason)


def save(results: Sequence[Result], path: Path = RESULTS) -> None:
    """Write results.json; entries of benchmarks that didn't run this time stay."""
    known = {entry["name"]: entry for entry in json.loads(path.read_text())} if path.exists() else {}
    known |= {result.name: asdict(result) for result in results}
    path.write_text(json.dumps(list(known.values()), ensure_ascii=False, indent=2) + "\n")


def table(results: Sequence[Result]) -> str:
    """The results as text, one line each."""
    rows = [("benchmark", "value", "spread", "floor", "ratio", "target", ""), *map(_cells, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _cells(result: Result) -> tuple[str, ...]:
    if result.skipped:
        return (result.name, "skipped", result.skipped, "", "", "", "")
    low, high = result.spread or (result.value, result.value)
    return (
        result.name,
        f"{result.value:,g} {result.unit}",
        f"{low:,g} – {high:,g}",
        "" if result.floor is None else f"{result.floor:,g}",
        "" if result.ratio is None else f"{result.ratio:.3g}",
        result.target,
        {None: "", True: "met", False: "MISSED"}[result.met],
    )


def _round(value: float) -> float:
    return round(value, 1) if abs(value) >= 100 else float(f"{value:.4g}")


def _short(value: float | None) -> Any:
    return None if value is None else _round(value)

"""What happens to a parcel between two places, as a pure function of its number.

A script is a list of steps in simulated hours from pick-up. The outcome (normal, attempt failed, stuck …) comes
from a hash of the number, so that a restart changes nothing and a test can name the number it needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

NORMAL, ATTEMPT_FAILED, STUCK, EXCEPTION, RETURNED = "normal", "attempt_failed", "stuck", "exception", "returned"
UNDELIVERABLE = "undeliverable"
# 3 in 100 parcels have trouble, so that the exceptions of a demonstration are a list to work on and no flood.
DEFAULT_RATES: Mapping[str, float] = {
    ATTEMPT_FAILED: 0.012, STUCK: 0.004, EXCEPTION: 0.006, RETURNED: 0.004, UNDELIVERABLE: 0.004,
}  # fmt: skip
OUTCOMES = (NORMAL, ATTEMPT_FAILED, STUCK, EXCEPTION, RETURNED, UNDELIVERABLE)

# Where parcels between two regions change vehicles.
_HUBS = {
    "华北": "北京顺义转运中心",
    "东北": "沈阳转运中心",
    "华东": "杭州萧山转运中心",
    "华中": "武汉东西湖转运中心",
    "华南": "广州白云转运中心",
    "西南": "成都双流转运中心",
    "西北": "西安临潼转运中心",
}
_REGION_BY_PREFIX = {
    "北京": "华北", "天津": "华北", "河北": "华北", "山西": "华北", "内蒙": "华北",
    "辽宁": "东北", "吉林": "东北", "黑龙": "东北",
    "上海": "华东", "江苏": "华东", "浙江": "华东", "安徽": "华东", "山东": "华东", "江西": "华东",
    "河南": "华中", "湖北": "华中", "湖南": "华中",
    "广东": "华南", "广西": "华南", "海南": "华南", "福建": "华南", "香港": "华南", "澳门": "华南",
    "重庆": "西南", "四川": "西南", "贵州": "西南", "云南": "西南", "西藏": "西南",
    "陕西": "西北", "甘肃": "西北", "青海": "西北", "宁夏": "西北", "新疆": "西北",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One event: hours after pick-up, a neutral kind that each wire format words in its own way, and a place."""

    hours: float
    kind: str
    place: str
    next_place: str = ""


def outcome_of(number: str, rates: Mapping[str, float] = DEFAULT_RATES) -> str:
    """The parcel's fate by hash: each rate is a share of all numbers, the rest arrive as planned."""
    point = _unit(number, "outcome")
    for outcome, rate in rates.items():
        if point < rate:
            return outcome
        point -= rate
    return NORMAL


def steps_for(*, number: str, origin: str, destination: str, country: str, outcome: str) -> list[Step]:
    """The parcel's whole life. `country` is CN for Chinese companies' parcels, whose places start with the
    province; other parcels' places are "City, COUNTRY"."""
    steps = _domestic(origin, destination) if country == "CN" else _abroad(origin, destination)
    steps = _with_outcome(steps, outcome, origin)
    pace = 0.8 + 0.4 * _unit(number, "pace")
    return [Step(round(s.hours * pace, 4), s.kind, s.place, s.next_place) for s in steps]


def _domestic(origin: str, destination: str) -> list[Step]:
    here, there = hub_of(origin), hub_of(destination)
    steps = [
        Step(0.0, "picked_up", origin),
        Step(3.0, "departed", f"{_city(origin)}集散中心", here),
        Step(8.0, "arrived", here),
        Step(10.0, "departed", here, there if there != here else f"{_city(destination)}集散中心"),
    ]
    if there != here:
        steps += [Step(26.0, "arrived", there), Step(28.0, "departed", there, f"{_city(destination)}集散中心")]
    base = steps[-1].hours
    return [
        *steps,
        Step(base + 6, "arrived_city", f"{_city(destination)}集散中心"),
        Step(base + 12, "out_for_delivery", f"{_city(destination)}营业点"),
        Step(base + 16, "delivered", destination),
    ]


def _abroad(origin: str, destination: str) -> list[Step]:
    """Places are "City, COUNTRY"; a parcel that crosses a border passes customs."""
    if origin.rpartition(", ")[2] == destination.rpartition(", ")[2]:
        return [
            Step(0.0, "picked_up", origin),
            Step(5.0, "departed", origin, destination),
            Step(22.0, "arrived_city", destination),
            Step(28.0, "out_for_delivery", destination),
            Step(34.0, "delivered", destination),
        ]
    return [
        Step(0.0, "picked_up", origin),
        Step(6.0, "departed", origin, destination),
        Step(20.0, "customs_hold", destination),
        Step(44.0, "customs_released", destination),
        Step(60.0, "arrived", destination),
        Step(66.0, "departed", destination, destination),
        Step(84.0, "arrived_city", destination),
        Step(90.0, "out_for_delivery", destination),
        Step(96.0, "delivered", destination),
    ]


def _with_outcome(steps: list[Step], outcome: str, origin: str) -> list[Step]:
    out = next(index for index, step in enumerate(steps) if step.kind == "out_for_delivery")
    end, place = steps[-1].hours, steps[out].place
    if outcome == ATTEMPT_FAILED:
        again = [
            Step(end, "attempt_failed", place),
            Step(end + 20, "out_for_delivery", place),
            Step(end + 24, "delivered_after_attempt", steps[-1].place),
        ]
        return [*steps[:-1], *again]
    if outcome == STUCK:
        return steps[: max(out - 2, 1)]
    if outcome == EXCEPTION:
        return [*steps[:out], Step(steps[out].hours, "damaged", place)]
    if outcome in (RETURNED, UNDELIVERABLE):
        back = [
            Step(end, "refused" if outcome == RETURNED else "bad_address", place),
            Step(end + 6, "returning", place, origin),
            Step(end + 40, "returned", origin),
        ]
        return [*steps[:-1], *back]
    return steps


def hub_of(place: str) -> str:
    """The transfer centre for a Chinese place, or the place itself."""
    return _HUBS.get(_REGION_BY_PREFIX.get(place[:2], ""), f"{_city(place)}转运中心")


def _city(place: str) -> str:
    """Province and city of a Chinese address line, cut before the district."""
    head, found, _ = place.partition("市")
    return (head + found) if found else place[:9]


def _unit(number: str, purpose: str) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    digest = blake2b(f"{purpose}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64

"""Misbehaviour on request: how the console is shown to survive a bad day of a carrier."""

import random
from dataclasses import dataclass, field

# delay: answer late. fail: an HTTP error. hang: no answer. garble: a broken body. repeat: every event twice.
# reorder: events, and pushes, in the wrong order.
KINDS = ("delay", "fail", "hang", "garble", "repeat", "reorder")


@dataclass(slots=True)
class Fault:
    """Strikes requests (and pushes) whose path begins with `path` and whose text holds `number`.

    `count` strikes are left (None: for ever); `rate` is the share of matching requests that is struck.
    """

    kind: str
    path: str = ""
    number: str = ""
    count: int | None = None
    rate: float = 1.0
    seconds: float = 1.0
    status: int = 503

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")


@dataclass(slots=True)
class Faults:
    active: list[Fault] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - misbehaviour, not secrets

    def strike(self, path: str, text: str) -> list[Fault]:
        """The faults that this request suffers; each strike counts."""
        if not self.active:
            return []
        hit = [fault for fault in self.active if self._hits(fault, path, text)]
        for fault in hit:
            if fault.count is not None:
                fault.count -= 1
        self.active = [fault for fault in self.active if fault.count is None or fault.count > 0]
        return hit

    def _hits(self, fault: Fault, path: str, text: str) -> bool:
        return (
            path.startswith(fault.path)
            and fault.number in text
            and (fault.rate >= 1 or self.dice.random() < fault.rate)
        )
